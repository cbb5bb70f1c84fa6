//! `xiezhi calc link`: which rows of a table, or of two, speak of the same person. `docs/linkage.md` tells how.
//!
//! One file is searched for rows of one person. Two files are compared with each other only: each is taken to have a person once, and
//! a pair has a row of the first file and one of the second. Keys must be distinct, over both files too.
//!
//! What must stay true: the same rows give the same bytes in whatever order they come; what is wrong with a file is named
//! with file, line, column and reason before anything is written.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use calc::link::{Batch, Kind, Outcome, Refused, Schema, Wanted, probability, records};

use super::table::Table;

/// How often progress is told, in rows.
const TOLD_EVERY: u64 = 1_000_000;
/// Most bytes of a schema.
const SCHEMA_BYTES: u64 = 64 << 10;

/// What to link.
#[derive(clap::Args)]
pub struct Link {
    /// What each column is (TOML): `column = "kind"`, one of key name id birth sex phone address community text.
    #[arg(long)]
    schema: PathBuf,
    /// A table (CSV, UTF-8 or GB 18030); twice to compare two.
    #[arg(long = "in", required = true, num_args = 1)]
    tables: Vec<PathBuf>,
    /// Where pairs go: CSV `a,b,weight,probability`.
    #[arg(long)]
    pairs: PathBuf,
    /// Where clusters go: CSV `key,cluster`, a cluster being named after its first key.
    #[arg(long)]
    clusters: PathBuf,
    /// Smallest probability of a pair that is written.
    #[arg(long, default_value_t = Wanted::default().least)]
    least: f64,
    /// Probability from which a pair makes a cluster.
    #[arg(long, default_value_t = Wanted::default().join)]
    join: f64,
}

/// Links.
pub fn run(link: &Link) -> Result<ExitCode, String> {
    for (option, value) in [("--least", link.least), ("--join", link.join)] {
        if !(value > 0.0 && value < 1.0) {
            return Err(format!("{option} {value}: a probability between 0 and 1"));
        }
    }
    if link.tables.len() > 2 {
        return Err("--in: one table or two".into());
    }
    let (key, schema) = read_schema(&link.schema)?;
    let mut batch = Batch::new(schema.clone());
    let mut lines = Vec::new();
    for (second, path) in [false, true].into_iter().zip(&link.tables) {
        Source { path, key: &key, schema: &schema, second }.read(&mut batch, &mut lines)?;
        eprintln!("{}: {} rows so far", path.display(), batch.len());
    }
    batch.finish().map_err(|(first, again)| {
        let first_file = batch.len() - batch.second_rows();
        let place = |row: usize| {
            let file = &link.tables[usize::from(row >= first_file)];
            format!("{}:{}", file.display(), lines[row])
        };
        format!("{}: the key {} is already at {}", place(again), batch.key(again), place(first))
    })?;
    drop(lines);
    for (name, unreadable) in batch.records().unreadable() {
        eprintln!("{unreadable} cells of {name} are no date and count as unknown");
    }
    let outcome = batch.link(Wanted { least: link.least, join: link.join });
    tell(&batch, &outcome);
    write(&batch, &outcome, link)?;
    Ok(ExitCode::SUCCESS)
}

/// Says on standard error what was done.
fn tell(batch: &Batch, outcome: &Outcome) {
    let heads = outcome.clusters.iter().enumerate().filter(|(i, c)| *i == **c as usize).count();
    let grey = outcome.pairs.iter().filter(|p| probability(p.bits) < calc::link::SURE).count();
    eprintln!(
        "{} pairs compared in {} passes; {} told, {grey} of them below {}; {} rows are {heads} people",
        outcome.compared,
        outcome.passes.len(),
        outcome.pairs.len(),
        calc::link::SURE,
        batch.len()
    );
    if outcome.left_out.blocks > 0 {
        eprintln!(
            "left out: {} blocks of more than {} rows with the same values",
            outcome.left_out.blocks,
            calc::link::block::BLOCK
        );
    }
}

/// Reads what the columns are: the name of the key, and the others.
fn read_schema(path: &Path) -> Result<(String, Schema), String> {
    let name = path.display();
    let size = std::fs::metadata(path).map_err(|e| format!("{name}: {e}"))?.len();
    if size > SCHEMA_BYTES {
        return Err(format!("{name}: larger than {SCHEMA_BYTES} bytes"));
    }
    let text = std::fs::read_to_string(path).map_err(|e| format!("{name}: {e}"))?;
    let fault = |e: toml::de::Error| {
        let before = text.get(..e.span().map_or(0, |s| s.start)).unwrap_or_default();
        let (line, column) = (before.matches('\n').count() + 1, before.chars().rev().take_while(|c| *c != '\n').count() + 1);
        format!("{name}:{line}:{column}: {}", e.message())
    };
    let table: toml::Table = text.parse().map_err(fault)?;
    // Either the columns themselves or a table of them.
    let columns = table.get("columns").and_then(toml::Value::as_table).unwrap_or(&table);
    let place = |column: &str| {
        let at = text.lines().position(|l| l.trim_start().trim_start_matches(['"', '\'']).starts_with(column));
        format!("{name}:{}:1", at.map_or(1, |i| i + 1))
    };
    let (mut key, mut rest) = (None, Vec::new());
    for (column, kind) in columns {
        let kind = kind.as_str().ok_or_else(|| format!("{}: {column}: a kind in quotation marks", place(column)))?;
        match Kind::parse(kind) {
            Some(Kind::Key) if key.is_some() => return Err(format!("{}: {column}: a second key", place(column))),
            Some(Kind::Key) => key = Some(column.clone()),
            Some(kind) => rest.push((column.clone(), kind)),
            None => {
                let kinds: Vec<&str> = Kind::ALL.iter().map(|(word, _)| *word).collect();
                return Err(format!("{}: {column}: no kind {kind}; one of {}", place(column), kinds.join(" ")));
            }
        }
    }
    let key = key.ok_or_else(|| format!("{name}:1:1: no column is the key"))?;
    Ok((key, Schema::new(rest).map_err(|why| format!("{name}:1:1: {why}"))?))
}

/// One of the files.
struct Source<'a> {
    path: &'a Path,
    key: &'a str,
    schema: &'a Schema,
    second: bool,
}

impl Source<'_> {
    /// Adds its rows, and the line of each.
    fn read(&self, batch: &mut Batch, lines: &mut Vec<u32>) -> Result<(), String> {
        let mut table = Table::open(self.path)?;
        let key = table.column(&[self.key])?;
        let places: Vec<usize> =
            self.schema.columns.iter().map(|(column, _)| table.column(&[column.as_str()])).collect::<Result<_, _>>()?;
        let mut read = 0;
        while table.next()? {
            let mut cells = [""; calc::link::schema::COLUMNS];
            for (cell, at) in cells.iter_mut().zip(&places) {
                *cell = table.cell(*at);
            }
            batch.push(self.second, table.cell(key), &cells[..places.len()]).map_err(|why| match why {
                Refused::NoKey => table.wrong(key, "no key"),
                Refused::TooMany => table.wrong(0, format!("more than {} rows, or more text than fits", records::ROWS)),
            })?;
            lines.push(table.line() as u32);
            read += 1;
            if read % TOLD_EVERY == 0 {
                eprintln!("{}: {read} rows", self.path.display());
            }
        }
        Ok(())
    }
}

/// Writes pairs and clusters.
fn write(batch: &Batch, outcome: &Outcome, link: &Link) -> Result<(), String> {
    let open = |path: &Path| File::create(path).map(BufWriter::new).map_err(|e| format!("{}: {e}", path.display()));
    let mut out = csv::Writer::from_writer(open(&link.pairs)?);
    let fail = |e: csv::Error| format!("{}: {e}", link.pairs.display());
    out.write_record(["a", "b", "weight", "probability"]).map_err(fail)?;
    for pair in &outcome.pairs {
        let (a, b) = (pair.a as usize, pair.b as usize);
        let (a, b) = if batch.second(a) { (b, a) } else { (a, b) };
        let (weight, probability) = (format!("{:.4}", pair.bits), format!("{:.6}", probability(pair.bits)));
        out.write_record([&batch.key(a), &batch.key(b), weight.as_str(), &probability]).map_err(fail)?;
    }
    out.flush().map_err(|e| format!("{}: {e}", link.pairs.display()))?;
    let mut out = csv::Writer::from_writer(open(&link.clusters)?);
    let fail = |e: csv::Error| format!("{}: {e}", link.clusters.display());
    out.write_record(["key", "cluster"]).map_err(fail)?;
    for (row, head) in outcome.clusters.iter().enumerate() {
        out.write_record([&*batch.key(row), &*batch.key(*head as usize)]).map_err(fail)?;
    }
    out.into_inner().map_err(|e| e.to_string())?.flush().map_err(|e| format!("{}: {e}", link.clusters.display()))
}
