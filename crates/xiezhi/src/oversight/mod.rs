//! Floor 4: what is counted about the node, for everybody to see.

/// Figures by area, day and measure.
pub mod board;
/// The equation: nothing vanishes.
pub mod supervise;
