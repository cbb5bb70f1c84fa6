"""Splink on the file that Xiezhi reads: splink_run.py MODEL ROWS.csv PAIRS.csv CLUSTERS.csv CLUSTER_THRESHOLD.

The models are Splink's own means: its stock comparisons, u from random pairs, EM over two blocking rules.
"""

import sys

import duckdb
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

model, rows, pairs, clusters, threshold = sys.argv[1:6]
SEED = 1

if model == "residents":
    key = "key"
    settings = {
        "comparisons": [
            cl.LevenshteinAtThresholds("name", 1).configure(term_frequency_adjustments=True),
            cl.DamerauLevenshteinAtThresholds("birth", [1, 2]),
            cl.ExactMatch("sex"),
            cl.DamerauLevenshteinAtThresholds("phone", 1),
            cl.ExactMatch("address"),
            cl.ExactMatch("community"),
            cl.DamerauLevenshteinAtThresholds("id", [1, 2]),
        ],
        "blocking_rules_to_generate_predictions": [
            block_on("id"),
            block_on("phone"),
            block_on("name", "birth"),
            block_on("name", "community", "address"),
            block_on("birth", "community", "address"),
            block_on("name", "community", "substr(birth, 1, 4)"),
            block_on("substr(name, 1, 1)", "community", "birth"),
            block_on("substr(name, 2)", "community", "birth"),
        ],
    }
    sure = [block_on("id"), block_on("name", "birth", "community")]
    train = [block_on("name", "birth"), block_on("phone")]
    u_pairs = 2e6
elif model == "febrl":
    key = "rec_id"
    settings = {
        "comparisons": [
            cl.NameComparison("given_name"),
            cl.NameComparison("surname"),
            cl.DamerauLevenshteinAtThresholds("date_of_birth", [1, 2]),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
            cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("address_1", [0.9]),
            cl.DamerauLevenshteinAtThresholds("postcode", [1, 2]),
        ],
        "blocking_rules_to_generate_predictions": [
            block_on("soc_sec_id"),
            block_on("date_of_birth"),
            block_on("given_name", "surname"),
            block_on("surname", "postcode"),
            block_on("given_name", "postcode"),
            block_on("address_1"),
            block_on("postcode", "street_number"),
        ],
    }
    sure = [block_on("soc_sec_id"), block_on("given_name", "surname", "date_of_birth")]
    train = [block_on("date_of_birth"), block_on("surname")]
    u_pairs = 5e6
elif model == "fake":
    # Splink's own tutorial for this table, with more blocking.
    key = "unique_id"
    settings = {
        "comparisons": [
            cl.NameComparison("first_name"),
            cl.NameComparison("surname"),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.ExactMatch("city").configure(term_frequency_adjustments=True),
            cl.EmailComparison("email"),
        ],
        "blocking_rules_to_generate_predictions": [
            block_on("surname"),
            block_on("first_name"),
            block_on("dob"),
            block_on("email"),
            block_on("city", "substr(dob, 1, 4)"),
        ],
    }
    sure = [block_on("first_name", "dob"), block_on("email")]
    train = [block_on("first_name", "surname"), block_on("dob")]
    u_pairs = 5e6
else:
    sys.exit(f"no model {model}")

con = duckdb.connect()
con.execute("set threads to 2")
columns = "*"
if model != "residents":
    names = [d[0] for d in con.execute("select * from read_csv(?, all_varchar=true) limit 0", [rows]).description]
    columns = ", ".join(f'nullif(trim("{n}"), \'\') as {n.strip()}' for n in names)
con.execute(f"create table input as select {columns} from read_csv(?, all_varchar=true)", [rows])
db = DuckDBAPI(con)
linker = Linker(
    db.register("input"),
    SettingsCreator(link_type="dedupe_only", unique_id_column_name=key, retain_matching_columns=False, **settings),
    log_level=40,
)
linker.training.estimate_probability_two_random_records_match(sure, recall=0.7)
linker.training.estimate_u_using_random_sampling(max_pairs=u_pairs, seed=SEED)
for rule in train:
    linker.training.estimate_parameters_using_expectation_maximisation(rule)
predicted = linker.inference.predict(threshold_match_probability=0.2)
joined = linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, threshold_match_probability=float(threshold))
a, b = f"{key}_l", f"{key}_r"
con.execute(
    f"copy (select {a} as a, {b} as b, match_weight as weight, match_probability as probability from {predicted.physical_name}) "
    f"to '{pairs}' (header, delimiter ',')"
)
con.execute(f"copy (select {key} as key, cluster_id as cluster from {joined.physical_name}) to '{clusters}' (header, delimiter ',')")
