//! `xiezhi area recut`: the grids of a community cut anew, with a preview. Exit 1 when the outlines do not fit.

use std::path::Path;
use std::process::ExitCode;

use xiezhi::base::area;
use xiezhi::base::catalogue::Look;
use xiezhi::kit::i18n::Lang;
use xiezhi::kit::time::day_begin;
use xiezhi::kit::{App, Error, Who};
use xiezhi::records::case::recut;

/// Reads outlines, says what they mean, and unless it is a dry run plans them (at once, when their day has come).
pub fn run(
    app: &App,
    code: &str,
    from: Option<&str>,
    dry_run: bool,
    datum: Option<&str>,
    file: &Path,
) -> Result<ExitCode, String> {
    let bytes = std::fs::read(file).map_err(|e| format!("{}: {e}", file.display()))?;
    let datum = area::datum(datum).map_err(|_| "--datum: one of wgs84 cgcs2000 gcj02 bd09")?;
    let (grids, mut problems) = area::recut::read(&bytes, datum).map_err(|e| format!("{}: {e}", file.display()))?;
    let from = match from {
        Some(day) => day_begin(day, &app.config.zone).ok_or_else(|| format!("--from {day}: a day is written 2026-12-01"))?,
        None => app.now(),
    };
    let known = app.db.read(|r| Ok::<_, Error>(area::by_code(r, code)?.filter(|a| a.kind == "community")));
    let community = known.map_err(|e| e.to_string())?.ok_or_else(|| format!("--community {code}: there is none"))?;
    if problems.is_empty() {
        problems = app.db.read(|r| area::recut::check(r, &community, &grids)).map_err(|e| e.to_string())?;
    }
    problems.iter().for_each(|p| println!("{}", recut::say(app, Lang::En, p)));
    if !problems.is_empty() {
        eprintln!("{} problems, nothing was changed", problems.len());
        return Ok(ExitCode::from(1));
    }
    let now = app.now();
    let plan = area::recut::Plan {
        id: String::new(),
        community: community.id.clone(),
        valid_from: from.max(now),
        grids: grids.clone(),
        made_at: now,
        enabled_at: None,
        applied_at: None,
    };
    // Names of people stay inside: who needs a new grid is counted here and listed on the page.
    let mut look = Look::new(&Who::system(), "recut");
    let view = app.db.read(|r| recut::preview(app, Lang::En, r, &plan, &mut look)).map_err(|e| e.to_string())?;
    println!(
        "{}",
        serde_json::json!({
            "community": code, "valid_from": view.valid_from, "kept": view.kept.len(), "ended": view.ended.len(), "new": view.new.len(),
            "open_cases": view.cases, "buildings": view.buildings, "homeless": view.homeless, "assets": view.assets, "people": view.people.len(),
        })
    );
    if !dry_run {
        let write = move |tx: &mut store::Tx| {
            let id = area::recut::draft(tx, None, &community, &grids, from)?;
            area::recut::enable(tx, None, &id)?;
            recut::apply(tx, &id)
        };
        app.db.write(write).map_err(|e: Error| e.to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}
