//! What is carried from where it lies to where it is wanted, as much as can be and then at the least cost: a flow through a net.
//!
//! Again and again along the cheapest way that has room (Busacker and Gowen 1961; Ahuja, Magnanti, Orlin, Network Flows, 1993, ch. 9), each
//! time as much as fits. Nodes have prices by which no arc costs less than 0 (Edmonds and Karp 1972), so that the ways can be searched
//! near first (Dijkstra).
//!
//! What must stay true: whole numbers; no way round has costs below 0 at the beginning; arcs are gone through in the order in which they
//! were added, so the same net gives the same flow.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// So far away that no way leads there.
const FAR: i64 = i64::MAX;

#[derive(Clone, Copy)]
struct Arc {
    to: u32,
    room: i64,
    cost: i64,
}

/// A net, and what flows in it.
pub struct Net {
    /// Those of each node; the arc back of `a` is `a ^ 1`.
    around: Vec<Vec<u32>>,
    arcs: Vec<Arc>,
}

impl Net {
    /// One without arcs.
    pub fn new(nodes: usize) -> Net {
        Net { around: vec![Vec::new(); nodes], arcs: Vec::new() }
    }

    /// Adds an arc with room for so much, at a cost for each; gives its number.
    pub fn add(&mut self, from: usize, to: usize, room: i64, cost: i64) -> usize {
        let arc = self.arcs.len();
        self.around[from].push(arc as u32);
        self.around[to].push(arc as u32 + 1);
        self.arcs.push(Arc { to: to as u32, room, cost });
        self.arcs.push(Arc { to: from as u32, room: 0, cost: -cost });
        arc
    }

    /// How much flows along an arc.
    pub fn sent(&self, arc: usize) -> i64 {
        self.arcs[arc ^ 1].room
    }

    /// Sends as much as can be from one node to another at the least cost; gives how much, and its cost.
    pub fn send(&mut self, from: usize, to: usize) -> (i64, i128) {
        let (mut all, mut cost) = (0, 0i128);
        let mut price = self.prices(from);
        let mut by = vec![0u32; self.around.len()];
        loop {
            let far = self.search(from, to, &price, &mut by);
            if far[to] == FAR {
                return (all, cost);
            }
            // What is farther than the end counts as if it were there: by these prices still nothing costs less than 0.
            let end = far[to];
            price.iter_mut().zip(&far).for_each(|(price, here)| *price += end.min(*here));
            let way = self.way(from, to, &by);
            let most = way.iter().map(|arc| self.arcs[*arc].room).min().unwrap_or(0);
            for arc in way {
                cost += i128::from(self.arcs[arc].cost) * i128::from(most);
                self.arcs[arc].room -= most;
                self.arcs[arc ^ 1].room += most;
            }
            all += most;
        }
    }

    /// Prices to begin with: how far each node is, when arcs may cost less than 0 (Bellman, Ford).
    fn prices(&self, from: usize) -> Vec<i64> {
        let mut price = vec![0; self.around.len()];
        if self.arcs.iter().all(|arc| arc.room == 0 || arc.cost >= 0) {
            return price;
        }
        price.fill(FAR);
        price[from] = 0;
        // Without a way round that costs less than 0 all is settled after as many rounds as there are nodes.
        for _ in 0..self.around.len() {
            let mut moved = false;
            for (node, arcs) in self.around.iter().enumerate().filter(|(_, arcs)| !arcs.is_empty()) {
                let here = price[node];
                for arc in arcs.iter().map(|a| self.arcs[*a as usize]).filter(|a| a.room > 0 && here < FAR) {
                    if here + arc.cost < price[arc.to as usize] {
                        price[arc.to as usize] = here + arc.cost;
                        moved = true;
                    }
                }
            }
            if !moved {
                break;
            }
        }
        // Where no way leads no price is asked.
        price.iter_mut().filter(|p| **p == FAR).for_each(|p| *p = 0);
        price
    }

    /// How far each node is by the prices, as far as the end, and by which arc one comes there.
    fn search(&self, from: usize, to: usize, price: &[i64], by: &mut [u32]) -> Vec<i64> {
        let mut far = vec![FAR; self.around.len()];
        far[from] = 0;
        let mut queue = BinaryHeap::from([Reverse((0, from as u32))]);
        while let Some(Reverse((here, node))) = queue.pop() {
            if node as usize == to {
                break;
            }
            if here > far[node as usize] {
                continue;
            }
            for arc in &self.around[node as usize] {
                let Arc { to, room, cost } = self.arcs[*arc as usize];
                let there = here + cost + price[node as usize] - price[to as usize];
                if room > 0 && there < far[to as usize] {
                    far[to as usize] = there;
                    by[to as usize] = *arc;
                    queue.push(Reverse((there, to)));
                }
            }
        }
        far
    }

    /// The arcs by which one came, from the end.
    fn way(&self, from: usize, to: usize, by: &[u32]) -> Vec<usize> {
        let mut way = Vec::new();
        let mut node = to;
        while node != from {
            let arc = by[node] as usize;
            way.push(arc);
            node = self.arcs[arc ^ 1].to as usize;
        }
        way
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cheaper_way_first_and_back_when_it_pays() {
        // 0 → 1 → 3 is the cheapest, and with it alone only one would come through.
        let mut net = Net::new(4);
        let arcs = [(0, 1, 1, 1), (0, 2, 1, 3), (1, 2, 1, -2), (1, 3, 1, 4), (2, 3, 1, 1)];
        let arcs = arcs.map(|(a, b, room, cost)| net.add(a, b, room, cost));
        assert_eq!(net.send(0, 3), (2, 9));
        assert_eq!(arcs.map(|a| net.sent(a)), [1, 1, 0, 1, 1]);
        assert_eq!(Net::new(2).send(0, 1), (0, 0));
    }

    #[test]
    fn much_at_once() {
        let mut net = Net::new(3);
        let (a, b) = (net.add(0, 1, 1_000_000_000_000, 7), net.add(1, 2, 999_999_999_999, 1_000_000_000));
        assert_eq!(net.send(0, 2), (999_999_999_999, 999_999_999_999 * 1_000_000_007));
        assert_eq!((net.sent(a), net.sent(b)), (999_999_999_999, 999_999_999_999));
    }
}
