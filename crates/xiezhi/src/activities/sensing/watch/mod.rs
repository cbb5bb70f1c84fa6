//! Rules on what devices tell, and what becomes of the alarms they raise (报警).
//!
//! What must stay true: how a rule stands follows from what was told and from the time alone, so that a restart or another
//! process changes nothing; of a rule and a device one alarm is open at most, and the database itself refuses a second;
//! nobody is called twice for one; an open alarm ends with what it was, said by somebody; what a home tells is in the open
//! nowhere, and is shown while an alarm is open to those who were called.
//!
//! Log kinds written: `alarm.open`, `alarm.again`, `alarm.call`, `alarm.seen`, `alarm.over`, `alarm.reset`, `alarm.close`,
//! `alarm.shelve`, `alarm.hide`, `alarm.show`, `alarm.repair`, `alarm.case`, `watch.rule`, `watch.home`.

/// What people do with alarms.
pub mod act;
/// Rows of rules that stand on devices are there before anything is told.
pub mod begin;
/// Which rules hold on a device.
pub mod book;
/// Routes of the desk: rules, homes.
pub mod desk;
/// How many alarms there are, and of what worth.
pub mod figures;
/// What was told, heard by the rules.
pub mod hear;
/// What places decided about rules.
pub mod own;
/// What a rule remembers.
pub mod remember;
/// Timers.
pub mod ring;
/// Rules of a place.
pub mod rules;
/// Rules and alarms as sentences.
pub mod say;
/// Rules as data.
pub mod spec;
/// What follows from a step of a rule or of people.
pub mod step;
/// Who is called.
pub mod tell;
/// A rule on what was told.
pub mod tried;
/// What a reader sees.
pub mod view;
/// Routes.
pub mod web;

use calc::alarm::{Climb, Disposition, Machine, Phase, State};
use store::{Query, params};

use self::book::Active;
use crate::base::area;
use crate::kit::Result;
use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::row::row;
use crate::kit::time::Ms;

names! {
    /// Where an open alarm stands, and that one is closed.
    Stand {
        /// Raised, and seen by nobody.
        Raised = "raised",
        /// Somebody looks after it.
        Seen = "seen",
        /// Over before anybody saw it.
        Returned = "returned",
        /// Over and seen; what it was is still to be said.
        Over = "over",
        /// What it was is said.
        Closed = "closed",
    }
}

impl Stand {
    /// Of the machine of an open alarm.
    pub fn of(machine: &Machine) -> Stand {
        match machine.phase {
            Phase::Raised => Stand::Raised,
            Phase::Seen => Stand::Seen,
            Phase::Returned => Stand::Returned,
            Phase::Normal => Stand::Over,
        }
    }
}

/// Whether somebody needed it: it counts for the rule.
pub fn was_true(what: Disposition) -> bool {
    matches!(what, Disposition::True | Disposition::Prevented)
}

/// How a rule stands on a device.
pub mod row_of_watch {
    use super::*;

    row! {
        whole
        /// How a rule stands on a device.
        #[derive(Clone, Debug)]
        #[expect(missing_docs, reason = "the columns of `watch`, explained there")]
        pub struct Watch {
            pub id: String,
            pub rule: String,
            pub device: String,
            pub memory: Option<String>,
            pub sealed: Option<Vec<u8>>,
            pub due_at: Option<Ms>,
            pub kept_at: Ms,
            pub alarm: Option<String>,
        }
    }

    /// Columns that never change.
    const FIXED: usize = 3;
    const TABLE: &str = "watch";

    impl Watch {
        /// Not there yet.
        pub fn new(rule: &str, device: &str) -> Watch {
            Watch {
                id: id(rule, device),
                rule: rule.into(),
                device: device.into(),
                memory: None,
                sealed: None,
                due_at: None,
                kept_at: 0,
                alarm: None,
            }
        }

        /// As this write has left it so far.
        pub fn fetch(tx: &mut store::Tx, id: &str) -> Result<Option<Watch>> {
            Ok(tx.fetch(TABLE, NAMES, id)?.as_ref().map(read).transpose()?)
        }

        /// Those that will be asked for.
        pub fn expect(tx: &mut store::Tx, ids: &[String]) -> Result<()> {
            Ok(tx.expect(TABLE, NAMES, ids)?)
        }

        /// Writes it.
        pub fn put(&self, tx: &mut store::Tx) {
            tx.put(TABLE, NAMES, FIXED, self.values());
        }
    }

    /// Id of what a rule remembers of a device.
    pub fn id(rule: &str, device: &str) -> String {
        format!("{rule}/{device}")
    }

    /// All of a device.
    pub fn of_device(q: &mut dyn Query, device: &str) -> Result<Vec<Watch>> {
        let rows = q.rows(&format!("select {COLUMNS} from watch where device = $1 order by id"), params![device])?;
        Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
    }
}
pub use row_of_watch::Watch;

/// What is remembered of a rule on a device.
#[derive(Clone, Debug)]
pub struct Memory {
    /// Its conditions.
    pub state: State,
    /// The alarm.
    pub machine: Machine,
    /// Who was called.
    pub climb: Climb,
}

impl Memory {
    /// At the beginning.
    pub fn new(active: &Active, now: Ms) -> Memory {
        Memory { state: State::new(&active.rule, now), machine: Machine::default(), climb: Climb::default() }
    }

    /// As it was kept. Of a rule that was changed meanwhile the conditions begin anew, an open alarm stays.
    pub fn parse(active: &Active, text: &str, now: Ms) -> Memory {
        let mut lines = text.lines();
        let mut line = || lines.next().unwrap_or_default();
        let state = State::parse(&active.rule, line()).unwrap_or_else(|| State::new(&active.rule, now));
        let machine = Machine::parse(line()).unwrap_or_default();
        Memory { state, machine, climb: Climb::parse(line()).unwrap_or_default() }
    }

    /// To be kept.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}", self.state.text(), self.machine.text(), self.climb.text())
    }

    /// When it is to be woken.
    pub fn due(&self, active: &Active) -> Option<Ms> {
        [self.state.due(&active.rule), self.machine.due(), self.climb.due].into_iter().flatten().min()
    }
}

row! {
    /// An alarm.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `alarm`, explained there")]
    pub struct Alarm {
        pub id: String,
        pub number: String,
        pub rule: String,
        pub device: String,
        pub kind: String,
        pub area: String,
        pub path: String,
        pub building: Option<String>,
        pub person: Option<String>,
        pub severity: i64,
        pub latched: i64,
        pub class: String,
        pub phase: Stand,
        pub hidden: i64,
        pub chatters: i64,
        pub cause: Option<String>,
        pub sealed: Option<Vec<u8>>,
        pub opened_at: Ms,
        pub taken_at: Option<Ms>,
        pub taken_by: Option<String>,
        pub over_at: Option<Ms>,
        pub closed_at: Option<Ms>,
        pub closed_by: Option<String>,
        pub disposition: Option<String>,
        pub words: Option<Vec<u8>>,
        pub case_number: Option<String>,
        pub log_seq: u64,
    }
}

/// The one with this number.
pub fn by_number(q: &mut dyn Query, number: &str) -> Result<Alarm> {
    let row = q.row(&format!("select {COLUMNS} from alarm where number = $1"), params![number])?;
    Ok(row.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?)
}

/// Those of a place that are open (or, closed, that began since then): the gravest and newest first.
pub fn around(q: &mut dyn Query, path: &str, open: bool, since: Ms, most: i64) -> Result<Vec<Alarm>> {
    let of = if open { "phase <> 'closed'" } else { "phase = 'closed'" };
    let sql = format!(
        "select {COLUMNS} from alarm where path >= $1 and path < $2 and {of} and opened_at >= $3 \
         order by severity desc, opened_at desc, number limit $4"
    );
    let rows = q.rows(&sql, params![path, area::end_of(path), since, most])?;
    Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
}

/// Those for which somebody was called, open ones first.
pub fn called(q: &mut dyn Query, person: &str, since: Ms, most: i64) -> Result<Vec<Alarm>> {
    let columns: Vec<String> = COLUMNS.split(", ").map(|c| format!("a.{c}")).collect();
    let sql = format!(
        "select {} from alarm a where a.id in (select alarm from alarm_told where person = $1 and at >= $2) \
         order by case when a.phase = 'closed' then 1 else 0 end, a.opened_at desc, a.number limit $3",
        columns.join(", ")
    );
    let rows = q.rows(&sql, params![person, since, most])?;
    Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
}

/// Whether somebody was called for an alarm.
pub fn was_called(q: &mut dyn Query, alarm: &str, person: &str) -> Result<bool> {
    let sql = "select count(*) from alarm_told where alarm = $1 and person = $2";
    Ok(q.count(sql, params![alarm, person])? > 0)
}
