//! `xiezhi calc allot`: what is short in an emergency, shared out. `docs/relief.md` tells how.
//!
//! What must stay true: rows in another order give the same bytes; what is wrong with a file is named with file, line, column and reason
//! before anything is written.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use calc::allot::{
    Ask, Distance, Fault, LOT, Lack, Need, Outcome, QUANTITY, Ration, Stock, Substitute, WEIGHT, What, Why, allot,
};

use xiezhi::kit::time;

use super::table::{Table, wrong};

/// What to share out.
#[derive(clap::Args)]
pub struct Allot {
    /// CSV `depot,class,quantity[,lot][,ration]`: what lies where; only whole lots are given; a base ration for one of weight (`3`),
    /// or for more (`1/4`).
    #[arg(long)]
    stocks: PathBuf,
    /// CSV `site,class,quantity[,tier][,weight][,by][,got][,need]`: who needs what; an empty quantity is one that nobody knows.
    #[arg(long)]
    needs: PathBuf,
    /// CSV `depot,site,cost`: how far it is, a whole number.
    #[arg(long)]
    distances: Option<PathBuf>,
    /// CSV `class,instead[,rate]`: what may stand in; one of it serves as `rate` of what is asked.
    #[arg(long)]
    substitutes: Option<PathBuf>,
    /// Also tells the reason of each line on standard error.
    #[arg(long)]
    why: bool,
}

/// A file with the lines of its rows, and the column that a row is called by.
struct Source<'a> {
    path: &'a Path,
    lines: Vec<u64>,
    column: usize,
    number: usize,
}

fn whole(table: &Table, column: usize, least: u64, most: u64) -> Result<u64, String> {
    let text = table.cell(column);
    let found = text.parse::<u64>().ok().filter(|n| (least..=most).contains(n));
    found.ok_or_else(|| table.wrong(column, format!("{text}: no whole number from {least} to {most}")))
}

/// A whole number where there is one.
fn maybe(table: &Table, column: Option<usize>, least: u64, most: u64) -> Result<Option<u64>, String> {
    let told = column.filter(|c| !table.cell(*c).is_empty());
    told.map(|c| whole(table, c, least, most)).transpose()
}

fn name(table: &Table, column: usize, what: &str) -> Result<String, String> {
    match table.cell(column) {
        "" => Err(table.wrong(column, format!("no {what} is named"))),
        text => Ok(text.to_owned()),
    }
}

/// What all rows of a class must say alike.
fn alike<T: PartialEq>(table: &Table, column: usize, class: &str, value: T, all: &mut BTreeMap<String, T>) -> Result<(), String> {
    match all.insert(class.to_owned(), value) {
        Some(before) if all.get(class) != Some(&before) => {
            Err(table.wrong(column, format!("{}: another row says something else of {class}", table.cell(column))))
        }
        _ => Ok(()),
    }
}

/// A ration: `3` for one of weight, `1/4` for four.
fn ration(table: &Table, column: usize) -> Result<Ration, String> {
    let text = table.cell(column);
    let (amount, per) = text.split_once('/').unwrap_or((text, "1"));
    let read = |text: &str, most: u64| text.trim().parse::<u64>().ok().filter(|n| (1..=most).contains(n));
    let both = read(amount, QUANTITY).zip(read(per, WEIGHT));
    both.map(|(amount, per)| Ration { amount, per }).ok_or_else(|| table.wrong(column, format!("{text}: no ration (3, or 1/4)")))
}

fn stocks<'a>(path: &'a Path, ask: &mut Ask) -> Result<Source<'a>, String> {
    let mut table = Table::open(path)?;
    let (depot, class, quantity) = (table.column(&["depot"])?, table.column(&["class"])?, table.column(&["quantity"])?);
    let (lot, each) = (table.find(&["lot"]), table.find(&["ration"]));
    let mut lines = Vec::new();
    while table.next()? {
        let own = name(&table, class, "class")?;
        if let (Some(column), Some(lot)) = (lot, maybe(&table, lot, 1, LOT)?) {
            alike(&table, column, &own, lot, &mut ask.lots)?;
        }
        if let Some(column) = each.filter(|c| !table.cell(*c).is_empty()) {
            alike(&table, column, &own, ration(&table, column)?, &mut ask.rations)?;
        }
        let quantity = whole(&table, quantity, 0, QUANTITY)?;
        ask.stocks.push(Stock { depot: name(&table, depot, "depot")?, class: own, quantity });
        lines.push(table.line());
    }
    Ok(Source { path, lines, column: depot, number: quantity })
}

fn needs<'a>(path: &'a Path, ask: &mut Ask) -> Result<(Source<'a>, bool), String> {
    let mut table = Table::open(path)?;
    let (site, class, quantity) = (table.column(&["site"])?, table.column(&["class"])?, table.column(&["quantity"])?);
    let [tier, weight, by, got, need] = ["tier", "weight", "by", "got", "need"].map(|c| table.find(&[c]));
    let mut lines = Vec::new();
    while table.next()? {
        ask.needs.push(Need {
            id: need.map(|c| table.cell(c).to_owned()).unwrap_or_default(),
            site: name(&table, site, "site")?,
            class: name(&table, class, "class")?,
            quantity: maybe(&table, Some(quantity), 0, QUANTITY)?,
            got: maybe(&table, got, 0, QUANTITY)?.unwrap_or(0),
            tier: maybe(&table, tier, 1, 1_000)?.unwrap_or(1) as u32,
            weight: maybe(&table, weight, 1, WEIGHT)?.unwrap_or(1),
            by: day(&table, by)?,
        });
        lines.push(table.line());
    }
    Ok((Source { path, lines, column: site, number: quantity }, need.is_some()))
}

/// A day or a moment, as a number that later ones are larger than.
fn day(table: &Table, column: Option<usize>) -> Result<Option<i64>, String> {
    let Some(column) = column.filter(|c| !table.cell(*c).is_empty()) else { return Ok(None) };
    let text = table.cell(column);
    let at = time::parse(text).or_else(|| time::day_begin(text, &jiff::tz::TimeZone::UTC));
    let at = at.ok_or_else(|| table.wrong(column, format!("{text}: neither a day (2026-11-28) nor a moment with its zone")))?;
    Ok(Some(at))
}

fn distances<'a>(path: &'a Path, ask: &mut Ask) -> Result<Source<'a>, String> {
    let mut table = Table::open(path)?;
    let (depot, site, cost) = (table.column(&["depot"])?, table.column(&["site"])?, table.column(&["cost"])?);
    let mut lines = Vec::new();
    while table.next()? {
        ask.distances.push(Distance {
            depot: name(&table, depot, "depot")?,
            site: name(&table, site, "site")?,
            cost: whole(&table, cost, 0, WEIGHT)?,
        });
        lines.push(table.line());
    }
    Ok(Source { path, lines, column: depot, number: cost })
}

fn substitutes<'a>(path: &'a Path, ask: &mut Ask) -> Result<Source<'a>, String> {
    let mut table = Table::open(path)?;
    let (class, instead, rate) = (table.column(&["class"])?, table.column(&["instead"])?, table.find(&["rate"]));
    let mut lines = Vec::new();
    while table.next()? {
        ask.substitutes.push(Substitute {
            class: name(&table, class, "class")?,
            instead: name(&table, instead, "class")?,
            rate: maybe(&table, rate, 1, LOT)?.unwrap_or(1),
        });
        lines.push(table.line());
    }
    Ok(Source { path, lines, column: class, number: instead })
}

/// Shares out.
pub fn run(options: &Allot) -> Result<ExitCode, String> {
    let mut ask = Ask::default();
    let stock = stocks(&options.stocks, &mut ask)?;
    let (need, named) = needs(&options.needs, &mut ask)?;
    let far = options.distances.as_deref().map(|path| distances(path, &mut ask)).transpose()?;
    let other = options.substitutes.as_deref().map(|path| substitutes(path, &mut ask)).transpose()?;
    let outcome = allot(&ask).map_err(|fault| {
        let (source, at, what) = match fault {
            Fault::Stock(at, what) => (Some(&stock), at, what),
            Fault::Need(at, what) => (Some(&need), at, what),
            Fault::Distance(at, what) => (far.as_ref(), at, what),
            Fault::Substitute(at, what) => (other.as_ref(), at, what),
            Fault::Many => (None, 0, What::Range),
        };
        let Some(source) = source else { return format!("{}:1:1: more than can be shared out at once", need.path.display()) };
        let (column, why) = match what {
            What::Twice => (source.column, "the same stands in a row before"),
            What::Range => (source.number, "the number is out of range"),
            What::Itself => (source.number, "nothing stands in for itself"),
        };
        wrong(source.path, source.lines.get(at).copied().unwrap_or(1), column, why)
    })?;
    write(&ask, &outcome, named, options.substitutes.is_some()).map_err(|e| e.to_string())?;
    eprint!("{}", totals(&ask, &outcome));
    if options.why {
        eprint!("{}", reasons(&ask, &outcome));
    }
    Ok(ExitCode::SUCCESS)
}

/// The lines as CSV; `need` and `class` asked for only where they say more.
fn write(ask: &Ask, outcome: &Outcome, named: bool, substitutes: bool) -> csv::Result<()> {
    let mut out = csv::Writer::from_writer(std::io::BufWriter::new(std::io::stdout().lock()));
    let mut head = vec!["depot", "class", "site", "quantity"];
    head.extend(named.then_some("need"));
    head.extend(substitutes.then_some("for"));
    out.write_record(head)?;
    for line in &outcome.lines {
        let (need, quantity) = (&ask.needs[line.need], line.quantity.to_string());
        let mut row = vec![line.depot.as_str(), &line.class, &need.site, &quantity];
        row.extend(named.then_some(need.id.as_str()));
        row.extend(substitutes.then_some(need.class.as_str()));
        out.write_record(row)?;
    }
    Ok(out.flush()?)
}

/// What there was, what was asked and given, class by class; then each need that is short.
fn totals(ask: &Ask, outcome: &Outcome) -> String {
    #[derive(Default)]
    struct Sum {
        stock: u64,
        given: u64,
        asked: u64,
        short: u64,
        unknown: u64,
    }
    let mut sums: BTreeMap<&str, Sum> = BTreeMap::new();
    for s in &ask.stocks {
        sums.entry(&s.class).or_default().stock += s.quantity;
    }
    for l in &outcome.lines {
        sums.entry(&l.class).or_default().given += l.quantity;
    }
    for (need, stand) in ask.needs.iter().zip(&outcome.stands) {
        let sum = sums.entry(&need.class).or_default();
        match need.quantity {
            Some(quantity) => {
                sum.asked += quantity;
                sum.short += stand.asked.saturating_sub(stand.got);
            }
            None => sum.unknown += 1,
        }
    }
    let mut told = String::new();
    for (class, s) in sums {
        let _ = writeln!(
            told,
            "{class}: stock {}, given {}, asked {}, short {}, needs of unknown quantity {}",
            s.stock, s.given, s.asked, s.short, s.unknown
        );
    }
    if !ask.distances.is_empty() {
        let _ = writeln!(told, "transport {}", outcome.cost);
    }
    let mut short: Vec<String> = Vec::new();
    for (need, stand) in ask.needs.iter().zip(&outcome.stands) {
        let Some(lack) = stand.lack else { continue };
        let why = match lack {
            Lack::None => "there is none of it",
            Lack::Tier => "more urgent needs took all there is",
            Lack::Share => "what there is was shared by weight",
            Lack::Lot => "less than a lot is missing",
        };
        let asked = if need.quantity.is_some() { stand.asked.to_string() } else { format!("unknown (ration {})", stand.asked) };
        let id = if need.id.is_empty() { String::new() } else { format!(" {}", need.id) };
        short.push(format!("short {},{}{id}: asked {asked}, has {}: {why}", need.site, need.class, stand.got));
    }
    short.sort();
    short.iter().for_each(|line| told += &format!("{line}\n"));
    told
}

fn reasons(ask: &Ask, outcome: &Outcome) -> String {
    let mut told = String::new();
    for line in &outcome.lines {
        let need = &ask.needs[line.need];
        let why = match line.why {
            Why::All => "all that it asked for".to_owned(),
            Why::Share => format!("its share by weight {} in tier {}", need.weight, need.tier),
            Why::Ration => "a base ration, for nobody knows how much it needs".to_owned(),
            Why::Instead => format!("stands in for {}", need.class),
        };
        let _ = writeln!(told, "{},{},{},{}: {why}", line.depot, line.class, need.site, line.quantity);
    }
    told
}
