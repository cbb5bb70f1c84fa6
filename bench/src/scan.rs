//! Scan statistics: how many zones and durations are looked through in a second, and an invented town of any size.
//!
//! Cells lie anywhere in a square and have as many people each; cases fall anywhere, as many in each period: what chance looks like, of
//! which most of a surveillance's nights consist, and for which drawing cannot stop early.

use std::time::Instant;

use calc::scan::{Asked, Cell, Extent, Model, Row, scan};
use serde_json::{Value, json};

use crate::chance::Chance;

/// What to invent, and how to look through it.
pub struct Plan {
    /// Cells.
    pub cells: usize,
    /// Periods; a cylinder may last as long.
    pub periods: usize,
    /// Cells of the largest zone.
    pub neighbours: usize,
    /// Draws.
    pub replicates: u32,
    /// Cases of a thousand cells in a period.
    pub cases: usize,
    /// Stop drawing after so many.
    pub stop: Option<u32>,
    /// Of what.
    pub seed: u64,
}

/// Measures both models.
pub fn run(plan: &Plan) -> Result<Value, String> {
    let mut chance = Chance::new(plan.seed);
    let cells: Vec<Cell> =
        (0..plan.cells).map(|_| Cell { x: chance.part(), y: chance.part(), population: Some(1000.0) }).collect();
    let mut rows: Vec<Row> = (0..plan.cells * plan.periods * plan.cases / 1000)
        .map(|_| Row { cell: chance.below(plan.cells) as u32, period: chance.below(plan.periods) as i64, count: 1 })
        .collect();
    // The first and the last period are there even when nothing happened in them.
    rows.extend([0, plan.periods as i64 - 1].map(|period| Row { cell: 0, period, count: 0 }));
    let mut told = json!({ "cells": plan.cells, "periods": plan.periods, "cases": rows.len() - 2 });
    for (name, model) in [("permutation", Model::Permutation), ("poisson", Model::Poisson)] {
        let asked = Asked {
            model,
            extent: Extent::Nearest(plan.neighbours),
            longest: plan.periods as u32,
            replicates: plan.replicates,
            stop: plan.stop,
            seed: plan.seed,
            ..Asked::default()
        };
        let (began, wall) = (processor()?, Instant::now());
        let outcome = scan(&cells, &rows, &asked).map_err(|fault| fault.to_string())?;
        let (seconds, busy) = (wall.elapsed().as_secs_f64(), processor()? - began);
        let looked = outcome.zones as f64 * f64::from(outcome.longest) * f64::from(outcome.replicates + 1);
        let first = outcome.clusters.first();
        told[name] = json!({
            "zones": outcome.zones, "replicates": outcome.replicates, "zone_durations": looked, "seconds": milli(seconds),
            "processor_seconds": milli(busy), "zone_durations_a_core_second": (looked / busy.max(0.01)).round(),
            "first_llr": first.map(|c| milli(c.llr)), "first_p": first.map(|c| c.p),
        });
    }
    Ok(told)
}

fn milli(x: f64) -> f64 {
    (x * 1e3).round() / 1e3
}

/// Seconds of processor time that all threads of this process have had, in hundredths.
fn processor() -> Result<f64, String> {
    let path = "/proc/self/stat";
    let text = std::fs::read_to_string(path).map_err(|e| format!("{path}: {e}"))?;
    // Behind the name, which may hold anything: fields 14 and 15 of the line are ticks of user and system.
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |n: usize| fields.get(n).and_then(|t| t.parse::<f64>().ok()).ok_or_else(|| format!("{path}: no number"));
    Ok((ticks(11)? + ticks(12)?) / 100.0)
}
