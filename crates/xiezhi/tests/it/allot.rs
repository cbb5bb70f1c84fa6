//! `xiezhi calc allot` as a command: who gets what, whatever the order of rows, how it names what is wrong, and what it makes of the
//! needs of a whole province.

use std::collections::BTreeMap;
use std::process::Command;

const STOCKS: &str = "depot,class,quantity\nd1,mask,60\nd2,mask,40\nd2,n95,50\n";
const NEEDS: &str =
    "site,class,quantity,tier,weight,by\na,mask,50,1,10,2026-11-28\nb,mask,100,2,30,\nc,mask,,2,10,\nd,n95,20,1,1,\n";
const FAR: &str = "depot,site,cost\nd1,a,5\nd2,a,1\nd1,b,1\nd2,b,9\n";
const OTHER: &str = "class,instead,rate\nmask,n95,1\n";

/// Runs it over files: exit code, standard output, standard error.
fn allot(files: &[(&str, &str)], options: &[&str]) -> (i32, String, String) {
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_xiezhi"));
    command.args(["calc", "allot"]).args(options).current_dir(dir.path());
    for (name, text) in files {
        std::fs::write(dir.path().join(format!("{name}.csv")), text).unwrap();
        command.args([format!("--{name}"), format!("{name}.csv")]);
    }
    let out = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (out.status.code().unwrap(), text(out.stdout), text(out.stderr))
}

#[test]
fn the_urgent_first_then_by_weight_from_the_nearest() {
    let (code, out, err) = allot(&[("stocks", STOCKS), ("needs", NEEDS), ("distances", FAR)], &[]);
    // 50 to the urgent one, the nearer 40 of them from d2; b and c share the rest 3 : 1, for c may have a ration of 34.
    assert_eq!(
        (code, out.as_str()),
        (0, "depot,class,site,quantity\nd1,mask,a,10\nd1,mask,b,38\nd1,mask,c,12\nd2,mask,a,40\nd2,n95,d,20\n")
    );
    assert!(err.contains("mask: stock 100, given 100, asked 150, short "), "{err}");
    let turned = |text: &str| {
        let (head, rows) = text.split_once('\n').unwrap();
        format!("\u{feff}{head}\r\n{}\r\n", rows.lines().rev().collect::<Vec<_>>().join("\r\n"))
    };
    let again = allot(&[("stocks", &turned(STOCKS)), ("needs", &turned(NEEDS)), ("distances", &turned(FAR))], &[]);
    assert_eq!(again, (code, out, err));
    let (_, out, err) = allot(&[("stocks", STOCKS), ("needs", NEEDS), ("substitutes", OTHER)], &["--why"]);
    assert!(out.starts_with("depot,class,site,quantity,for\n") && out.contains(",n95,b,"), "{out}");
    assert!(err.contains("stands in for mask") && err.contains("all that it asked for"), "{err}");
    let nothing = allot(&[("stocks", "depot,class,quantity\n"), ("needs", "site,class,quantity\n")], &[]);
    assert_eq!(nothing, (0, "depot,class,site,quantity\n".into(), String::new()));
}

#[test]
fn bad_input_is_named_with_its_place() {
    let said = |stocks: &str, needs: &str, far: &str, other: &str, want: &str| {
        let (code, out, err) = allot(&[("stocks", stocks), ("needs", needs), ("distances", far), ("substitutes", other)], &[]);
        assert!(code == 2 && out.is_empty() && err.contains(want), "{want}: {code} {out} {err}");
    };
    said("", NEEDS, FAR, OTHER, "stocks.csv:1:1: there is no column depot");
    said("depot,class,quantity\nd1,mask,-5\n", NEEDS, FAR, OTHER, "stocks.csv:2:3: -5: no whole number from 0 to 1000000000000");
    said("depot,class,quantity\nd1,mask\n", NEEDS, FAR, OTHER, "stocks.csv:2:3: 2 cells, the head has 3");
    said("depot,class,quantity\n,mask,5\n", NEEDS, FAR, OTHER, "stocks.csv:2:1: no depot is named");
    said("depot,class,quantity\nd1,mask,5\nd1,mask,5\n", NEEDS, FAR, OTHER, "stocks.csv:3:1: the same stands in a row before");
    let lots = "depot,class,quantity,lot\nd1,mask,5,10\nd2,mask,5,20\n";
    said(lots, NEEDS, FAR, OTHER, "stocks.csv:3:4: 20: another row says something else of mask");
    said(STOCKS, "site,class,quantity\na,mask,99999999999999\n", FAR, OTHER, "needs.csv:2:3: 99999999999999: no whole number");
    said(STOCKS, "site,class,quantity\na,mask,1\na,mask,2\n", FAR, OTHER, "needs.csv:3:1: the same stands in a row before");
    said(STOCKS, "site,class,quantity,weight\na,mask,1,0\n", FAR, OTHER, "needs.csv:2:4: 0: no whole number from 1");
    said(STOCKS, "site,class,quantity,by\na,mask,1,soon\n", FAR, OTHER, "needs.csv:2:4: soon: neither a day");
    said("depot,class,quantity,ration\nd1,mask,5,1/0\n", NEEDS, FAR, OTHER, "stocks.csv:2:4: 1/0: no ration (3, or 1/4)");
    said(STOCKS, NEEDS, "depot,site,cost\nd1,a,x\n", OTHER, "distances.csv:2:3: x: no whole number from 0");
    said(STOCKS, NEEDS, FAR, "class,instead\nmask,mask\n", "substitutes.csv:2:2: nothing stands in for itself");
}

/// The needs of a province and what factories make, as they were collected. They are looked at here and shown nowhere.
#[test]
fn the_needs_of_a_province() {
    let dir = super::services::shared().join("data/supply-demand-hubei2020");
    if !dir.exists() {
        eprintln!("SKIPPED: no data/supply-demand-hubei2020 beside the repository (XIEZHI_SHARED says where else to look)");
        return;
    }
    let read = |name: &str| -> Vec<BTreeMap<String, String>> {
        csv::Reader::from_path(dir.join(name)).unwrap().deserialize().map(Result::unwrap).collect()
    };
    let (needs, factories) = (read("needs.csv"), read("factory.csv"));
    // A quantity of 1 was how the collectors wrote that nobody knows; the same hospital asks for an item in several forms.
    let (mut text, mut unknown) = ("need,site,class,quantity\n".to_owned(), 0);
    for (n, row) in needs.iter().enumerate() {
        let known = row["quantity"].parse::<u64>().ok().filter(|q| *q != 1);
        unknown += usize::from(known.is_none());
        let quantity = known.map(|q| q.to_string()).unwrap_or_default();
        let plain = |column: &str| row[column].replace([',', '"', '\n', '\r'], " ");
        text += &format!("{n},{} {},{},{quantity}\n", plain("city"), plain("hospital"), plain("item"));
    }
    assert_eq!((needs.len(), unknown), (1776, 1561));
    // What factories make is a list inside a cell, and its quantity is 1 too: unknown, so there is nothing to give out yet.
    let mut made = 0;
    for row in &factories {
        for (column, cell) in row.iter().filter(|(c, _)| c.ends_with("产能")) {
            for one in serde_json::from_str::<Vec<serde_json::Value>>(cell).unwrap_or_else(|e| panic!("{column}: {e}")) {
                assert_eq!(one["value"], 1);
                made += 1;
            }
        }
    }
    assert_eq!((factories.len(), made), (11, 12));
    let (code, out, err) = allot(&[("stocks", "depot,class,quantity\n"), ("needs", &text)], &[]);
    assert_eq!((code, out.lines().count()), (0, 1), "what nobody counted is not given out: {err:.300}");
    assert_eq!(err.lines().filter(|l| l.ends_with("there is none of it")).count(), 1776);
    // A play: the factories hold together half of what the known needs ask for of each item, shares of eleven.
    let mut asked: BTreeMap<&str, u64> = BTreeMap::new();
    for row in &needs {
        *asked.entry(&row["item"]).or_default() += row["quantity"].parse::<u64>().ok().filter(|q| *q != 1).unwrap_or(0);
    }
    let mut stocks = "depot,class,quantity\n".to_owned();
    for (class, sum) in &asked {
        (0..11).for_each(|n| stocks += &format!("f{n},{class},{}\n", sum / 22));
    }
    let (code, out, err) = allot(&[("stocks", &stocks), ("needs", &text)], &[]);
    assert_eq!(code, 0, "{err}");
    let mut given: BTreeMap<String, u64> = BTreeMap::new();
    for row in csv::Reader::from_reader(out.as_bytes()).deserialize::<BTreeMap<String, String>>().map(Result::unwrap) {
        *given.entry(row["class"].clone()).or_default() += row["quantity"].parse::<u64>().unwrap();
    }
    for (class, sum) in &asked {
        let (given, stock) = (given.get(*class).copied().unwrap_or(0), sum / 22 * 11);
        assert!(given <= stock, "{class}: {given} of {stock}");
        eprintln!("{class}: known needs {sum}, stock {stock}, given {given}");
    }
    eprintln!("{} lines, {} needs short", out.lines().count() - 1, err.lines().filter(|l| l.starts_with("short ")).count());
    let turned = {
        let (head, rows) = text.split_once('\n').unwrap();
        format!("{head}\n{}\n", rows.lines().rev().collect::<Vec<_>>().join("\n"))
    };
    assert_eq!(allot(&[("stocks", &stocks), ("needs", &turned)], &[]).1, out);
}
