//! The place of the demo: a real line of divisions down to a sub-district; the communities beneath it are invented, and
//! say so in their names.
//!
//! The grids are the cells of a crooked lattice: neighbours share their edges to the last digit, so nothing lies
//! between two grids or in both.

use calc::geo::Point;
use store::Tx;

use super::draw::Draw;
use crate::base::area::{self, Area, NewArea, NewBuilding};
use crate::kit::Result;
use crate::kit::error::Error;

/// The sub-district. Its real communities are not listed; ours have numbers from 901 on.
const STREET: &str = "321002002";
const COMMUNITIES: [&str; 4] = ["演示·杏林里社区", "演示·听雨桥社区", "演示·长堤社区", "演示·新苗社区"];
/// Which community each cell of the lattice belongs to.
const CELLS: [[usize; 4]; 4] = [[0, 0, 1, 1], [0, 0, 1, 1], [0, 2, 3, 3], [2, 2, 2, 3]];
const ROADS: [&str; 8] = ["杏林路", "青藤路", "听雨路", "石桥路", "长堤路", "柳堤巷", "新苗路", "麦香巷"];
/// North-west corner of the lattice, in 1e-7 degrees.
const CORNER: (i64, i64) = (323_960_000, 1_194_340_000);
/// 300 m, in 1e-7 degrees of latitude and of longitude at this latitude.
const CELL: (i64, i64) = (26_950, 31_920);

/// A community with what stands in it.
pub struct Community {
    /// The area.
    pub area: Area,
    /// Its grids.
    pub grids: Vec<Area>,
    /// Its buildings.
    pub buildings: Vec<House>,
}

/// A building.
pub struct House {
    /// Id.
    pub id: String,
    /// Index of its grid.
    pub grid: usize,
    /// Name.
    pub name: String,
    /// The road it stands at.
    pub road: &'static str,
    /// Storeys.
    pub floors: i64,
    /// Where it stands.
    pub point: Point,
}

/// The areas from the top down to the sub-district, and the communities.
pub struct Places {
    /// Nation, province, city, county, street.
    pub line: Vec<Area>,
    /// The communities.
    pub communities: Vec<Community>,
}

/// Makes the place.
pub fn build(tx: &mut Tx, draw: &mut Draw) -> Result<Places> {
    let (mut lines, _) = area::import::read(include_str!("../../../../data/demo/areas.csv").as_bytes())?;
    let codes: Vec<String> = (901..).take(COMMUNITIES.len()).map(|n| format!("{STREET}{n}")).collect();
    lines.extend(codes.iter().zip(COMMUNITIES).map(|(code, name)| area::import::Line { code: code.clone(), name: name.into() }));
    area::import::apply(tx, lines)?;
    let lost = || Error::internal("areas.csv lacks the sub-district of the demo");
    let street = area::by_code(tx, STREET)?.ok_or_else(lost)?;
    let mut line = area::line(tx, &street.id)?;
    line.reverse();
    let mut communities = Vec::new();
    for code in &codes {
        let area = area::by_code(tx, code)?.ok_or_else(lost)?;
        communities.push(Community { area, grids: Vec::new(), buildings: Vec::new() });
    }
    let lattice = Lattice::new(draw);
    for (r, row) in CELLS.iter().enumerate() {
        for (c, owner) in row.iter().enumerate() {
            add_grid(tx, draw, &mut communities[*owner], &lattice, (r, c))?;
        }
    }
    Ok(Places { line, communities })
}

fn add_grid(tx: &mut Tx, draw: &mut Draw, community: &mut Community, lattice: &Lattice, at: (usize, usize)) -> Result<()> {
    let n = community.grids.len();
    let name = format!("第{}网格", ["一", "二", "三", "四", "五"][n % 5]);
    let code = format!("{}{:03}", community.area.code, n + 1);
    let ring = lattice.ring(at);
    let grid = area::add(tx, &NewArea { kind: "grid", code: &code, name: &name, parent: Some(&community.area), ring: &ring })?;
    let road = ROADS[(at.0 * 4 + at.1) % ROADS.len()];
    let count = draw.between(6, 12) as usize;
    let mut houses = Vec::new();
    for i in 0..count {
        let floors = [6, 6, 6, 11, 18][draw.below(5)];
        let number = community.buildings.len() + i + 1;
        houses.push(House {
            id: String::new(),
            grid: n,
            name: format!("{number}栋"),
            road,
            floors,
            point: lattice.inside(at, draw, i, count),
        });
    }
    let door = draw.between(2, 98) * 2;
    let addresses: Vec<String> = houses.iter().map(|h| format!("扬州市广陵区演示街道{}{door}号 {}", h.road, h.name)).collect();
    let new: Vec<NewBuilding> = houses.iter().zip(&addresses).map(|(h, address)| new_building(draw, &grid, h, address)).collect();
    let ids = area::add_buildings(tx, &new)?;
    for (house, id) in houses.iter_mut().zip(ids) {
        house.id = id;
    }
    community.buildings.append(&mut houses);
    community.grids.push(grid);
    Ok(())
}

fn new_building<'a>(draw: &mut Draw, grid: &'a Area, house: &'a House, address: &'a str) -> NewBuilding<'a> {
    let homes = house.floors * 2 * draw.between(2, 3);
    NewBuilding { area: &grid.id, name: &house.name, address, point: Some(house.point), floors: house.floors, homes }
}

/// Corners and midpoints of a 4 × 4 lattice, each drawn once and moved a little.
struct Lattice {
    /// Points at half steps; those with two odd indices (middles of cells) are not used.
    points: [[(i64, i64); 9]; 9],
}

impl Lattice {
    fn new(draw: &mut Draw) -> Lattice {
        let mut points = [[(0, 0); 9]; 9];
        for (i, row) in points.iter_mut().enumerate() {
            for (j, point) in row.iter_mut().enumerate() {
                // Corners move by up to 36 m, midpoints of edges by up to 12 m.
                let most = if i % 2 == 0 && j % 2 == 0 { 12 } else { 4 };
                let mut off = |cell: i64| draw.between(-most, most) * cell / 100;
                let (lat, lon) = (off(CELL.0), off(CELL.1));
                *point = (CORNER.0 - i as i64 * CELL.0 / 2 + lat, CORNER.1 + j as i64 * CELL.1 / 2 + lon);
            }
        }
        Lattice { points }
    }

    fn at(&self, i: usize, j: usize) -> (f64, f64) {
        let (lat, lon) = self.points[i][j];
        (lat as f64, lon as f64)
    }

    /// Outline of a cell, clockwise from its north-west corner.
    fn ring(&self, (r, c): (usize, usize)) -> Vec<Point> {
        let steps = [(0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0)];
        steps
            .iter()
            .map(|(i, j)| self.points[2 * r + i][2 * c + j])
            .map(|(lat, lon)| Point { lat: lat as i32, lon: lon as i32 })
            .collect()
    }

    /// A point well inside a cell: rows of four buildings, as such quarters are built.
    fn inside(&self, (r, c): (usize, usize), draw: &mut Draw, i: usize, count: usize) -> Point {
        let rows = count.div_ceil(4) as f64;
        let v = (0.5 + (i / 4) as f64) / rows * 0.6 + 0.2 + draw.part() * 0.03;
        let u = (0.5 + (i % 4) as f64) / 4.0 * 0.6 + 0.2 + draw.part() * 0.03;
        let corner = |di: usize, dj: usize| self.at(2 * r + di, 2 * c + dj);
        let [nw, ne, sw, se] = [corner(0, 0), corner(0, 2), corner(2, 0), corner(2, 2)];
        let mix = |a: f64, b: f64, c: f64, d: f64| (1.0 - v) * ((1.0 - u) * a + u * b) + v * ((1.0 - u) * c + u * d);
        Point { lat: mix(nw.0, ne.0, sw.0, se.0) as i32, lon: mix(nw.1, ne.1, sw.1, se.1) as i32 }
    }
}

#[cfg(test)]
mod tests {
    use calc::geo;

    use super::*;

    #[test]
    fn grids_share_their_edges_and_no_point_lies_in_two() {
        let mut draw = Draw::new(7);
        let lattice = Lattice::new(&mut draw);
        let cells: Vec<(usize, usize)> = (0..4).flat_map(|r| (0..4).map(move |c| (r, c))).collect();
        for cell in &cells {
            let ring = lattice.ring(*cell);
            let (width, height) = (geo::distance_m(ring[0], ring[2]), geo::distance_m(ring[0], ring[6]));
            assert!((200..=400).contains(&width) && (200..=400).contains(&height), "{width} × {height} m");
            for i in 0..12 {
                let p = lattice.inside(*cell, &mut draw, i, 12);
                let homes = cells.iter().filter(|c| geo::contains(&lattice.ring(**c), p)).collect::<Vec<_>>();
                assert_eq!(homes, [cell]);
            }
        }
    }
}
