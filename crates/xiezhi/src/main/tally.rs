//! `xiezhi calc tally`: the result of a vote from its roll and its ballots, with the reasons.
//!
//! What must stay true: the same rows give the same bytes in whatever order they come; what is wrong with a file is named
//! with file, line, column and reason, and then there is no result.

use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use calc::tally::{Ballot, Ballots, Channel, Choice, Entry, Fault, Item, Kind, Roll, Use};
use calc::texts::AT_ONCE;
use xiezhi::activities::vote::outcome::View;
use xiezhi::activities::vote::pack;
use xiezhi::kit::i18n::{Lang, Texts};

use super::table::{Table, wrong};

/// What to count.
#[derive(clap::Args)]
pub struct Tally {
    /// Rules: `cn-civil-code` is the national law; others by place: id, name, or code of the division.
    #[arg(long)]
    pack: String,
    /// Class of the proposal: ordinary, special or unanimous.
    #[arg(long)]
    item: String,
    /// CSV `unit,owner,area,kind,use`: area in 0.01 m², kind owner or developer, use home, shop, parking or other.
    #[arg(long)]
    roll: PathBuf,
    /// CSV `unit,choice,channel,time`: choice yes, no, abstain or invalid; the latest of a unit counts.
    #[arg(long)]
    ballots: PathBuf,
}

/// Counts.
pub fn run(tally: &Tally) -> Result<ExitCode, String> {
    let Some(pack) = pack::named(&tally.pack) else {
        let ids: Vec<&str> = pack::all().iter().map(|p| p.id.as_str()).collect();
        return Err(format!("--pack {}: one of {}", tally.pack, ids.join(" ")));
    };
    let item = Item::parse(&tally.item).ok_or_else(|| format!("--item {}: ordinary, special or unanimous", tally.item))?;
    let method = pack.method()?;
    // Both at once; what is wrong with the roll is said first.
    let (roll, cast) = std::thread::scope(|scope| {
        let cast = scope.spawn(|| Cast::read(&tally.ballots));
        let roll = read_roll(&tally.roll, pack.heads_only());
        (roll, cast.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    // Not taken apart name by name: the command ends, and with it goes all it holds.
    let (roll, cast) = (ManuallyDrop::new(roll?), cast?);
    let ballots = cast.by(&tally.ballots, &roll)?;
    let out = calc::tally::tally(&method, item, &roll, &ballots);
    let view = View::new(&Texts::load()?, Lang::Zh, pack, item, &out);
    println!("{}", serde_json::to_string_pretty(&view).map_err(|e| e.to_string())?);
    Ok(ExitCode::SUCCESS)
}

/// A table with its columns in the order they are asked for.
struct Rows<'a, const N: usize> {
    table: Table<'a>,
    at: [usize; N],
}

impl<'a, const N: usize> Rows<'a, N> {
    fn open(path: &'a Path, columns: [&str; N]) -> Result<Rows<'a, N>, String> {
        let table = Table::open(path)?;
        let mut at = [0; N];
        for (place, column) in at.iter_mut().zip(columns) {
            *place = table.column(&[column])?;
        }
        Ok(Rows { table, at })
    }

    fn cell(&self, n: usize) -> &str {
        self.table.cell(self.at[n])
    }

    fn wrong(&self, n: usize, why: impl std::fmt::Display) -> String {
        self.table.wrong(self.at[n], why)
    }
}

/// Bytes of a row of a roll, about.
const ROW: usize = 32;

/// Where heads alone count, an area may be missing.
fn read_roll(path: &Path, heads_only: bool) -> Result<Roll, String> {
    let mut table = Rows::open(path, ["unit", "owner", "area", "kind", "use"])?;
    let mut roll = Roll::for_about(table.table.bytes() / ROW);
    let mut few = Few::default();
    loop {
        let more = few.read(&mut table, heads_only);
        // What is wrong with these is said before what is wrong with the line that ended them.
        few.enter(&mut roll, path, table.at)?;
        if !more? {
            return Ok(roll);
        }
    }
}

/// A few rows of a roll on their way into it: it takes them together more quickly than one by one.
#[derive(Default)]
struct Few {
    /// Unit and owner of each, one after the other.
    names: String,
    /// Where the unit ends and the owner, the rest, and the line.
    rows: Vec<(usize, usize, i64, Kind, Use, u64)>,
}

impl Few {
    /// The next ones; false when the table ends with them.
    fn read(&mut self, table: &mut Rows<5>, heads_only: bool) -> Result<bool, String> {
        self.names.clear();
        self.rows.clear();
        while self.rows.len() < AT_ONCE {
            if !table.table.next()? {
                return Ok(false);
            }
            let area = match (table.cell(2), heads_only) {
                ("" | "0", true) => 1,
                (text, _) => text.parse().map_err(|_| table.wrong(2, Fault::Area))?,
            };
            let kind = Kind::parse(table.cell(3)).ok_or_else(|| table.wrong(3, "owner or developer"))?;
            let usage = Use::parse(table.cell(4)).ok_or_else(|| table.wrong(4, "home, shop, parking or other"))?;
            self.names.push_str(table.cell(0));
            let unit = self.names.len();
            self.names.push_str(table.cell(1));
            self.rows.push((unit, self.names.len(), area, kind, usage, table.table.line()));
        }
        Ok(true)
    }

    fn enter(&self, roll: &mut Roll, path: &Path, columns: [usize; 5]) -> Result<(), String> {
        let mut from = 0;
        let entries: Vec<Entry> = (self.rows.iter())
            .map(|&(unit, owner, area, kind, usage, _)| {
                let begin = std::mem::replace(&mut from, owner);
                Entry { unit: &self.names[begin..unit], owner: &self.names[unit..owner], area, kind, usage }
            })
            .collect();
        roll.add_all(&entries).map_err(|(at, fault)| {
            let column = match fault {
                Fault::NoOwner => 1,
                Fault::Area => 2,
                _ => 0,
            };
            wrong(path, self.rows[at].5, columns[column], fault)
        })
    }
}

/// Ballots as they stand in their file: read while the roll is, before anybody knows which units there are.
struct Cast {
    /// Column of the units.
    column: usize,
    /// All units, one after the other.
    units: String,
    /// Where the unit ends, what is said, and the line.
    rows: Vec<(usize, Choice, Channel, i64, u64)>,
}

impl Cast {
    fn read(path: &Path) -> Result<Cast, String> {
        let mut table = Rows::open(path, ["unit", "choice", "channel", "time"])?;
        let mut cast = Cast { column: table.at[0], units: String::new(), rows: Vec::new() };
        while table.table.next()? {
            let choice = Choice::parse(table.cell(1)).ok_or_else(|| table.wrong(1, "yes, no, abstain or invalid"))?;
            let channel = Channel::parse(table.cell(2)).unwrap_or(Channel::Other);
            let time = moment(table.cell(3)).ok_or_else(|| table.wrong(3, "no moment, as 2026-11-27T18:00:00+08:00"))?;
            cast.units.push_str(table.cell(0));
            cast.rows.push((cast.units.len(), choice, channel, time, table.table.line()));
        }
        Ok(cast)
    }

    fn by<'r>(&self, path: &Path, roll: &'r Roll) -> Result<Ballots<'r>, String> {
        let (mut ballots, mut from) = (Ballots::new(roll), 0);
        for rows in self.rows.chunks(AT_ONCE) {
            let some: Vec<Ballot> = (rows.iter())
                .map(|&(to, choice, channel, time, _)| {
                    let begin = std::mem::replace(&mut from, to);
                    Ballot { unit: &self.units[begin..to], choice, channel, time }
                })
                .collect();
            ballots.add_all(&some).map_err(|(at, fault)| wrong(path, rows[at].4, self.column, fault))?;
        }
        Ok(ballots)
    }
}

/// A moment in milliseconds; without a zone as it stands, which is enough to know the later one.
fn moment(text: &str) -> Option<i64> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(at.as_millisecond());
    }
    if let Ok(at) = text.parse::<jiff::civil::DateTime>() {
        return jiff::tz::TimeZone::UTC.to_timestamp(at).ok().map(jiff::Timestamp::as_millisecond);
    }
    text.parse().ok()
}
