//! Floor 2: what is written down.

/// Reports and cases.
pub mod case;
