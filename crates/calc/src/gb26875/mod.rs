//! What fire alarm panels say to a centre: frames of GB/T 26875.3-2011 (报警传输网络通信协议), in and out, without any connection.
//!
//! [`frame`] finds frames in whatever bytes come and makes them, [`unit`] reads what is in them. A frame that was taken is confirmed
//! ([`Frame::reply`]) once it is safely kept; the device says it again until then, so the same serial number may come twice.
//!
//! Sizes and order of fields were compared with published implementations; the meaning of status bits and of kinds of values was set
//! down from general knowledge: **check it against the text of the standard before it is relied on**.
//!
//! What must stay true: however frames are cut by the network, the same ones are found; after noise the next good one is; nothing grows
//! beyond one frame.

pub mod frame;
#[cfg(test)]
mod tests;
pub mod unit;

pub use frame::{Command, Decoder, Fault, Found, Frame, Stamp, What};
pub use unit::{Object, Part, Unit};
