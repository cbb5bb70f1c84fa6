//! Exchange between nodes: levels, departments, and what proves to each that nothing was lost on the way.
//!
//! What must stay true: one node writes a record and others hold copies (inv05), so what somebody elsewhere decides comes as a
//! request that the owner's rules take or refuse; what travels is our log, in order, under our signature; the receiver applies it
//! once, in the transaction in which it moves its mark, and only its answer moves ours; no value above the grade of a peer enters
//! a message to it; whoever shows another history than before is held, on both sides, until people have looked. Carriers
//! ([`carry`]) move bytes and decide nothing.
//!
//! Rooms within, from the ground up: [`wire`] a batch, [`node`] what we are to others, [`peer`] who exchanges with us, [`join`] how he came, [`mark`] how far each
//! is, [`out`] what goes, [`inbox`] what came, [`apply`] what it does, [`cases`] matters that others handle, [`carry`] ways
//! between, [`view`] and [`web`] pages. `docs/exchange.md` tells it in whole sentences.
//!
//! Log kinds written: `exchange.invite`, `exchange.join`, `exchange.grade`, `exchange.address`, `exchange.name`, `exchange.hold`, `exchange.release`, `exchange.end`,
//! `exchange.take`, `exchange.case`, `exchange.progress`, `exchange.word`, `exchange.park`, `exchange.unpark`.

/// What an event does here.
pub mod apply;
/// Ways between nodes.
pub mod carry;
/// Matters that others handle.
pub mod cases;
/// What came.
pub mod inbox;
/// How somebody comes to be a peer.
pub mod join;
/// How far a stream has come.
pub mod mark;
/// What this node is to others.
pub mod node;
/// What goes.
pub mod out;
/// Who exchanges with us.
pub mod peer;
/// What people see of it.
pub mod view;
/// Routes.
pub mod web;
/// A batch on the wire.
pub mod wire;
