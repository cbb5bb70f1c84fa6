//! The map as a picture: where dots, outlines of groups and their labels go, in whole units, ready for any SVG or HTML.
//!
//! A dot stands for all people in one small square, so that nobody is read off the map and a thousand people fit on a phone; its
//! size says how many they are. Outlines are drawn only when the groups are clear: a cloud is shown as a cloud.
//!
//! What must stay true: both axes have one scale, so that distance means the same everywhere; everything lies within the frame;
//! the same map gives the same picture.

use super::Map;
use super::plane::Point;

/// Width and height.
pub const SIDE: i32 = 1000;
/// Free space along the edge.
const EDGE: i32 = 60;
/// Width of the squares whose people make one dot.
const SQUARE: i32 = 20;
/// How far an outline keeps from the dots.
const AIR: f64 = 30.0;
/// Corners of a dot's surroundings that an outline goes around.
const CORNERS: [(f64, f64); 8] =
    [(1.0, 0.0), (0.7, 0.7), (0.0, 1.0), (-0.7, 0.7), (-1.0, 0.0), (-0.7, -0.7), (0.0, -1.0), (0.7, -0.7)];
/// Labels keep so far from one another.
const LABEL: i32 = 70;

/// People in one square.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dot {
    /// From the left.
    pub x: i32,
    /// From the top.
    pub y: i32,
    /// Size.
    pub radius: i32,
    /// Their group.
    pub group: u8,
    /// How many they are.
    pub people: u32,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Its corners, clockwise from the left; none when the groups are not clear.
    pub corners: Vec<(i32, i32)>,
    /// Where its name goes.
    pub label: (i32, i32),
    /// How many they are.
    pub people: u32,
}

/// A picture of [`SIDE`] × [`SIDE`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// The largest first, so that small ones lie on top.
    pub dots: Vec<Dot>,
    /// By group.
    pub groups: Vec<Outline>,
    /// The middle: the place of somebody who has said nothing yet.
    pub origin: (i32, i32),
}

/// From the plane to the picture.
struct Frame {
    middle: Point,
    scale: f64,
}

impl Frame {
    /// Takes in all points and the origin.
    fn around(points: &[Point]) -> Frame {
        let reach = |axis: usize| points.iter().map(|p| p[axis]).fold((0.0f64, 0.0f64), |(l, h), x| (l.min(x), h.max(x)));
        let (x, y) = (reach(0), reach(1));
        let widest = (x.1 - x.0).max(y.1 - y.0);
        let room = f64::from(SIDE - 2 * EDGE);
        Frame { middle: [(x.0 + x.1) / 2.0, (y.0 + y.1) / 2.0], scale: if widest > 0.0 { room / widest } else { 0.0 } }
    }

    fn at(&self, point: Point) -> (i32, i32) {
        let half = f64::from(SIDE) / 2.0;
        let x = half + (point[0] - self.middle[0]) * self.scale;
        let y = half - (point[1] - self.middle[1]) * self.scale;
        (x.round() as i32, y.round() as i32)
    }
}

/// Lays out a map.
pub fn picture(map: &Map) -> Picture {
    let points: Vec<Point> = map.people.iter().map(|v| map.points[*v as usize]).collect();
    let frame = Frame::around(&points);
    let mut squares: Vec<(u8, i32, i32)> = Vec::with_capacity(points.len());
    for (point, group) in points.iter().zip(&map.grouping.labels) {
        let (x, y) = frame.at(*point);
        squares.push((*group, x.div_euclid(SQUARE), y.div_euclid(SQUARE)));
    }
    squares.sort_unstable();
    let mut dots: Vec<Dot> = squares.chunk_by(|a, b| a == b).map(|same| dot(same[0], same.len() as u32)).collect();
    let mut groups: Vec<Outline> = Vec::new();
    for group in 0..map.grouping.k {
        let own: Vec<Dot> = dots.iter().filter(|d| usize::from(d.group) == group).copied().collect();
        let people = own.iter().map(|d| d.people).sum::<u32>();
        let corners = if map.clear { outline(&own) } else { Vec::new() };
        let taken: Vec<(i32, i32)> = groups.iter().map(|g| g.label).collect();
        groups.push(Outline { corners, label: label(&own, &taken), people });
    }
    dots.sort_by_key(|d| (std::cmp::Reverse(d.people), d.y, d.x, d.group));
    Picture { dots, groups, origin: frame.at([0.0, 0.0]) }
}

/// The dot of a square: its area grows with its people.
fn dot((group, x, y): (u8, i32, i32), people: u32) -> Dot {
    let radius = (4.0 + 3.0 * f64::from(people).sqrt()).min(f64::from(EDGE) / 2.0) as i32;
    Dot { x: x * SQUARE + SQUARE / 2, y: y * SQUARE + SQUARE / 2, radius, group, people }
}

/// The middle of a group's people; lower when another label is there already.
fn label(dots: &[Dot], taken: &[(i32, i32)]) -> (i32, i32) {
    let mean = |of: fn(&Dot) -> i32| {
        let (sum, many) =
            dots.iter().fold((0i64, 0i64), |(s, n), d| (s + i64::from(of(d)) * i64::from(d.people), n + i64::from(d.people)));
        (sum / many.max(1)) as i32
    };
    let (x, mut y) = (mean(|d| d.x), mean(|d| d.y));
    while taken.iter().any(|(a, b)| (a - x).abs() < LABEL && (b - y).abs() < LABEL) && y + LABEL < SIDE {
        y += LABEL;
    }
    (x, y)
}

/// The outline around dots with some air: their convex hull (Andrew 1979).
fn outline(dots: &[Dot]) -> Vec<(i32, i32)> {
    let within = |x: f64| (x.round() as i32).clamp(2, SIDE - 2);
    let around = |d: &Dot| {
        let (x, y, far) = (f64::from(d.x), f64::from(d.y), f64::from(d.radius) + AIR);
        CORNERS.map(|(a, b)| (within(x + a * far), within(y + b * far)))
    };
    let mut corners: Vec<(i32, i32)> = dots.iter().flat_map(around).collect();
    corners.sort_unstable();
    corners.dedup();
    let half = |corners: &mut dyn Iterator<Item = &(i32, i32)>| {
        let mut hull: Vec<(i32, i32)> = Vec::new();
        for c in corners {
            while let [.., a, b] = hull[..]
                && (b.0 - a.0) * (c.1 - a.1) - (b.1 - a.1) * (c.0 - a.0) <= 0
            {
                hull.pop();
            }
            hull.push(*c);
        }
        hull.pop();
        hull
    };
    let mut hull = half(&mut corners.iter());
    hull.extend(half(&mut corners.iter().rev()));
    hull
}
