//! Floor 4: what is counted about the node, for everybody to see.

/// What departments share with each other.
pub mod share;
/// The equation: nothing vanishes.
pub mod supervise;
