//! x
use std::path::Path;
use std::io::Write;
use calc::link::{Batch, Kind, Schema, Wanted, probability};
pub fn run(path: &Path, _: usize) -> Result<serde_json::Value, String> {
    let t0 = std::time::Instant::now();
    let text = std::fs::read_to_string(path).map_err(|e| e.to_string())?;
    let kinds: Vec<(String, Kind)> = std::env::args().skip(5).map(|a| { let (n, k) = a.split_once('=').unwrap(); (n.to_owned(), Kind::parse(k).unwrap()) }).collect();
    let head: Vec<&str> = text.lines().next().unwrap().split(',').map(str::trim).collect();
    let key = kinds.iter().find(|(_, k)| *k == Kind::Key).unwrap().0.clone();
    let key = head.iter().position(|h| *h == key).unwrap();
    let cols: Vec<(String, Kind)> = kinds.into_iter().filter(|(_, k)| *k != Kind::Key).collect();
    let at: Vec<usize> = cols.iter().map(|(n, _)| head.iter().position(|h| h == n).unwrap()).collect();
    let mut batch = Batch::new(Schema::new(cols)?);
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        let picked: Vec<&str> = at.iter().map(|i| cells[*i]).collect();
        batch.push(false, cells[key], &picked).unwrap();
    }
    drop(text);
    eprintln!("read {:?}", t0.elapsed());
    batch.finish().unwrap();
    eprintln!("finished {:?} {} MB", t0.elapsed(), batch.records().memory() / 1000000);
    let out = batch.link(Wanted { least: 0.2, join: std::env::args().nth(4).unwrap().parse().unwrap() });
    eprintln!("linked {:?} compared {} pairs {} left {:?}", t0.elapsed(), out.compared, out.pairs.len(), out.left_out);
    for p in &out.passes { eprintln!("  {p:?}"); }
    eprintln!("prior {:.2}", out.model.prior_bits());
    for w in &out.model.weights {
        eprintln!("{:?}", w.compared);
        for (l, c) in w.compared.codes().iter().enumerate().skip(1) { eprintln!("   {c:15} m {:.6} u {:.2e} bits {:.1}", w.m[l], w.u[l], w.bits(l)); }
    }
    let mut f = std::io::BufWriter::new(std::fs::File::create("/tmp/s7/tab/pairs.csv").unwrap());
    writeln!(f, "a,b,weight,probability").unwrap();
    for p in &out.pairs { writeln!(f, "{},{},{:.3},{:.6}", batch.key(p.a as usize), batch.key(p.b as usize), p.bits, probability(p.bits)).unwrap(); }
    let mut f = std::io::BufWriter::new(std::fs::File::create("/tmp/s7/tab/clusters.csv").unwrap());
    writeln!(f, "key,cluster").unwrap();
    for (i, c) in out.clusters.iter().enumerate() { writeln!(f, "{},{}", batch.key(i), batch.key(*c as usize)).unwrap(); }
    Ok(serde_json::json!({}))
}
