//! Floor 4: what is counted about the node, for everybody to see, and what other nodes get of it.

/// Figures by area, day and measure.
pub mod board;
/// Levels, departments, and what proves to each that nothing was lost.
pub mod exchange;
/// What departments share with each other.
pub mod share;
/// The equation: nothing vanishes.
pub mod supervise;
