//! `xiezhi calc scan`: where cases gather in the last periods, and how likely that is by chance. `docs/scan.md` tells how.
//!
//! What must stay true: rows in another order give the same bytes (cells are numbered in the order of their ids, figures rounded to
//! twelve digits); what is wrong with a file is named with file, line, column and reason before anything is written.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use calc::budget::by_id;
use calc::draw::number;
use calc::scan::{Asked, Cell, Extent, Fault, Metric, Model, Row, What, scan};
use jiff::civil::Date;
use serde_json::{Value, json};

use super::table::{Table, wrong};

/// What to look through.
#[derive(clap::Args)]
pub struct Scan {
    /// CSV `id,x,y[,population]`: where each cell lies; with `great-circle` x is the longitude and y the latitude.
    #[arg(long)]
    cells: PathBuf,
    /// CSV `id,period,count`: cases of a cell in a period, a date or a whole number. Rows of the same cell and period are added.
    #[arg(long)]
    counts: PathBuf,
    /// `permutation` needs no population, `poisson` does.
    #[arg(long, value_parser = ["permutation", "poisson"])]
    model: String,
    /// Zones grow up to this share of the population (without populations: of the cases).
    #[arg(long, default_value_t = 0.5)]
    max_pop: f64,
    /// Zones grow up to so many cells.
    #[arg(long, conflicts_with = "max_pop")]
    neighbours: Option<usize>,
    /// `euclid` or `great-circle`.
    #[arg(long, default_value = "euclid", value_parser = ["euclid", "great-circle"])]
    metric: String,
    /// Most periods of a cluster.
    #[arg(long, default_value_t = 7)]
    max_duration: u32,
    /// Fewest cases of a cluster.
    #[arg(long, default_value_t = 2)]
    min_cases: u32,
    /// How often the same number of cases is drawn by chance.
    #[arg(long, default_value_t = 999)]
    replicates: u32,
    /// A number or any text: the same seed draws the same.
    #[arg(long, default_value = "1")]
    seed: String,
    /// Stop drawing once so many draws are at least as unlikely as the first cluster.
    #[arg(long)]
    stop: Option<u32>,
    /// Most clusters.
    #[arg(long, default_value_t = 20)]
    clusters: usize,
}

/// Cells in the order of their ids.
struct Cells {
    ids: Vec<String>,
    cells: Vec<Cell>,
    lines: Vec<u64>,
    /// Columns of the id, of x and of the population, which may not be there.
    columns: [usize; 3],
}

/// Looks for clusters.
pub fn run(asked: &Scan) -> Result<ExitCode, String> {
    let cells = read_cells(&asked.cells)?;
    let (rows, lines, columns, periods) = read_counts(&asked.counts, &cells)?;
    let outcome = scan(
        &cells.cells,
        &rows,
        &Asked {
            model: if asked.model == "poisson" { Model::Poisson } else { Model::Permutation },
            metric: if asked.metric == "euclid" { Metric::Euclid } else { Metric::GreatCircle },
            extent: asked.neighbours.map_or(Extent::Share(asked.max_pop), Extent::Nearest),
            longest: asked.max_duration,
            least: asked.min_cases,
            replicates: asked.replicates,
            seed: asked.seed.parse().unwrap_or_else(|_| number(&asked.seed, "scan")),
            stop: asked.stop,
            most: asked.clusters,
        },
    );
    let outcome = outcome.map_err(|fault| {
        let Fault { what, at } = fault;
        let [id, x, population] = cells.columns;
        let of_cell = |column| wrong(&asked.cells, cells.lines.get(at).copied().unwrap_or(1), column, fault);
        match what {
            What::Place => of_cell(x),
            What::Population | What::Nobody => of_cell(population),
            What::Cells => of_cell(id),
            What::Cell => wrong(&asked.counts, lines.get(at).copied().unwrap_or(1), columns[0], fault),
            What::Cases => wrong(&asked.counts, lines.get(at).copied().unwrap_or(1), columns[1], fault),
            What::Share => format!("--max-pop {}: {fault}", asked.max_pop),
            What::Replicates => format!("--replicates {}: {fault}", asked.replicates),
            What::Nothing | What::Zones => fault.to_string(),
        }
    })?;
    let clusters = outcome.clusters.iter().map(|c| {
        json!({
            "cells": c.cells.iter().map(|n| &cells.ids[*n as usize]).collect::<Vec<_>>(),
            "from": periods.name(c.from),
            "to": periods.name(c.to),
            "observed": c.observed,
            "expected": rounded(c.expected),
            "llr": rounded(c.llr),
            "p": rounded(c.p),
            "recurrence": rounded(c.recurrence * periods.step() as f64),
        })
    });
    let clusters: Vec<Value> = clusters.collect();
    println!(
        "{}",
        json!({
            "clusters": clusters, "cases": outcome.cases, "periods": outcome.periods, "zones": outcome.zones,
            "replicates": outcome.replicates,
        })
    );
    Ok(ExitCode::SUCCESS)
}

/// Twelve digits: what differs behind them is how a machine computes.
fn rounded(figure: f64) -> f64 {
    format!("{figure:.11e}").parse().unwrap_or(figure)
}

fn read_cells(path: &Path) -> Result<Cells, String> {
    let mut table = Table::open(path)?;
    let (id, x, y) = (table.column(&["id"])?, table.column(&["x"])?, table.column(&["y"])?);
    let population = table.find(&["population"]);
    let mut all: Vec<(String, Cell, u64)> = Vec::new();
    let mut known: HashMap<String, u64> = HashMap::new();
    while table.next()? {
        let name = table.cell(id).to_owned();
        if name.is_empty() {
            return Err(table.wrong(id, "no id"));
        }
        if let Some(line) = known.insert(name.clone(), table.line()) {
            return Err(table.wrong(id, format!("id {name} is already on line {line}")));
        }
        let figure = |column: usize| {
            let text = table.cell(column);
            text.parse::<f64>().map_err(|_| table.wrong(column, format!("{text}: no number")))
        };
        let people = population.filter(|p| !table.cell(*p).is_empty()).map(&figure).transpose()?;
        all.push((name, Cell { x: figure(x)?, y: figure(y)?, population: people }, table.line()));
    }
    all.sort_unstable_by(|a, b| by_id(&a.0, &b.0));
    let mut cells =
        Cells { ids: Vec::new(), cells: Vec::new(), lines: Vec::new(), columns: [id, x, population.unwrap_or(table.width())] };
    for (name, cell, line) in all {
        cells.ids.push(name);
        cells.cells.push(cell);
        cells.lines.push(line);
    }
    Ok(cells)
}

/// How periods are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Periods {
    /// Whole numbers.
    Numbers,
    /// Days since 1970, or weeks that begin so many days after it.
    Dates { step: i64, offset: i64 },
}

impl Periods {
    /// Days of a period; 1 where nobody knows what a period is.
    fn step(self) -> i64 {
        match self {
            Periods::Numbers => 1,
            Periods::Dates { step, .. } => step,
        }
    }

    fn name(self, period: i64) -> Value {
        match self {
            Periods::Numbers => json!(period),
            Periods::Dates { step, offset } => {
                let days = jiff::Span::new().try_days(period * step + offset);
                json!(days.and_then(|days| EPOCH.checked_add(days)).map(|day| day.to_string()).unwrap_or_default())
            }
        }
    }
}

/// Where days are counted from.
const EPOCH: Date = Date::constant(1970, 1, 1);

/// Rows, their lines, the columns of id and count, and what their periods are.
type Counts = (Vec<Row>, Vec<u64>, [usize; 2], Periods);

fn read_counts(path: &Path, cells: &Cells) -> Result<Counts, String> {
    let mut table = Table::open(path)?;
    let (id, period, count) = (table.column(&["id"])?, table.column(&["period"])?, table.column(&["count"])?);
    let places: HashMap<&str, u32> = cells.ids.iter().map(String::as_str).zip(0..).collect();
    let (mut rows, mut lines, mut dates) = (Vec::new(), Vec::new(), None);
    while table.next()? {
        let name = table.cell(id);
        let cell = *places.get(name).ok_or_else(|| table.wrong(id, format!("there is no cell {name}")))?;
        let text = table.cell(period);
        let (is_date, number) = match (text.parse::<i64>(), text.parse::<Date>()) {
            (Ok(number), _) => (false, number),
            (_, Ok(date)) => (true, date.duration_since(EPOCH).as_hours() / 24),
            _ => return Err(table.wrong(period, format!("{text}: neither a date nor a whole number"))),
        };
        if *dates.get_or_insert(is_date) != is_date {
            return Err(table.wrong(period, format!("{text}: dates and numbers in one file")));
        }
        let text = table.cell(count);
        let many = text.parse::<u64>().map_err(|_| table.wrong(count, format!("{text}: no whole number from 0")))?;
        rows.push(Row { cell, period: number, count: many });
        lines.push(table.line());
    }
    let mut periods = Periods::Numbers;
    if dates == Some(true) {
        // Dates that are all the same day of the week are weeks.
        let first = rows.iter().map(|r| r.period).min().unwrap_or(0);
        let weeks = rows.iter().all(|r| (r.period - first) % 7 == 0) && rows.iter().any(|r| r.period != first);
        let (step, offset) = if weeks { (7, first.rem_euclid(7)) } else { (1, 0) };
        rows.iter_mut().for_each(|r| r.period = (r.period - offset) / step);
        periods = Periods::Dates { step, offset };
    }
    Ok((rows, lines, [id, count], periods))
}
