//! Pure methods of Xiezhi: no I/O, no SQL, no clock, no async. One file per method, so that each can be read beside the
//! standard or paper it follows, and each can be tried alone.
//!
//! - [`address`]: what people write for a home, in one form, and which building it is
//! - [`alarm`]: rules on what sensors say, the life of an alarm, who is called
//! - [`alike`]: which earlier reports a new one may repeat
//! - [`allot`]: what is short in an emergency, who gets how much and from where
//! - [`budget`]: participatory budgets, greedy and by equal shares
//! - [`draw`]: a random sample that everybody can check
//! - [`gb26875`]: what fire alarm panels say, frame by frame
//! - [`gini`](mod@gini): how unevenly something is spread
//! - [`geo`]: points in integer degrees, point in grid, distance, datum conversion
//! - [`grade`]: how personal values look when they are masked
//! - [`link`]: which rows speak of the same person
//! - [`kpi`]: rates of case handling, raw and adjusted
//! - [`opinion`]: who thinks alike in a consultation, and what all share
//! - [`pair`]: who does what, at the least cost
//! - [`series`]: whether the counts of a week are more than is usual
//! - [`flow`]: from where to where at the least cost
//! - [`codes`]: check digits of ID numbers and organisation codes, tracking codes
//! - [`cover`]: whether outlines of grids cover their community
//! - [`scan`]: where cases gather in the last days, and how likely that is by chance
//! - [`tally`]: votes by heads and area
//! - [`texts`]: texts as numbers, of which [`link`] and [`tally`] have millions
//! - [`due`]: limits in working hours and working days over a calendar with make-up days
//!
//! What must stay true: the same input gives the same output on every machine and whatever the order of rows, and no
//! input, however malformed, makes a method panic.

pub mod address;
pub mod alarm;
pub mod alike;
pub mod allot;
pub mod budget;
pub mod codes;
pub mod cover;
pub mod draw;
pub mod due;
pub mod flow;
pub mod gb26875;
pub mod geo;
pub mod gini;
pub mod grade;
pub mod kpi;
pub mod link;
pub mod opinion;
pub mod pair;
pub mod scan;
pub mod seats;
pub mod series;
pub mod shared;
pub mod tally;
pub mod texts;
