//! Floor 4: what is counted about the node, for everybody to see.

/// The equation: nothing vanishes.
pub mod supervise;
