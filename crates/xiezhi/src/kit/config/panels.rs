//! From where fire alarm panels may call: their protocol knows no password.

use std::net::IpAddr;

use serde::Deserialize;

/// `[panels]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PanelsFile {
    /// Networks, such as `10.8.0.0/16`.
    pub networks: Vec<String>,
}

impl Default for PanelsFile {
    /// This machine, and what no network outside hands on.
    fn default() -> PanelsFile {
        let own = ["127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"];
        PanelsFile { networks: own.map(str::to_owned).to_vec() }
    }
}

/// First address as bits, width of the address, length of the network.
fn network(text: &str) -> Option<(u128, u32, u32)> {
    let (address, length) = text.split_once('/')?;
    let (bits, width) = bits(address.parse().ok()?);
    let length = length.parse().ok().filter(|n| *n <= width)?;
    Some((bits, width, length))
}

fn bits(ip: IpAddr) -> (u128, u32) {
    match ip {
        IpAddr::V4(four) => (u128::from(four.to_bits()), 32),
        IpAddr::V6(six) => (six.to_bits(), 128),
    }
}

/// Whether an address lies in one of these networks.
pub(super) fn within(networks: &[String], ip: IpAddr) -> bool {
    let (of, wide) = bits(ip.to_canonical());
    let within =
        |(first, width, length): (u128, u32, u32)| width == wide && (length == 0 || (first ^ of) >> (width - length) == 0);
    networks.iter().filter_map(|n| network(n)).any(within)
}

/// The first of these that is no network.
pub(super) fn odd(section: &str, networks: &[String]) -> Option<String> {
    let odd = networks.iter().find(|n| network(n).is_none());
    odd.map(|n| format!("[{section}] networks: {n} must look like 10.8.0.0/16"))
}

impl PanelsFile {
    /// Whether somebody may call from there.
    pub fn allows(&self, ip: IpAddr) -> bool {
        within(&self.networks, ip)
    }

    /// What cannot be meant.
    pub fn fault(&self) -> Option<String> {
        odd("panels", &self.networks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_of_both_kinds() {
        let own = PanelsFile::default();
        for (ip, yes) in [
            ("127.0.0.1", true),
            ("10.200.3.4", true),
            ("172.31.0.1", true),
            ("172.32.0.1", false),
            ("192.168.1.1", true),
            ("203.0.113.7", false),
            ("::1", true),
            ("fd12::1", true),
            ("2001:db8::1", false),
            ("::ffff:10.0.0.1", true),
        ] {
            assert_eq!(own.allows(ip.parse().unwrap()), yes, "{ip}");
        }
        let all = PanelsFile { networks: vec!["0.0.0.0/0".into()] };
        assert!(all.allows([8, 8, 8, 8].into()) && all.fault().is_none());
        for bad in ["10.0.0.0", "10.0.0.0/33", "x/8", "::/129"] {
            assert!(PanelsFile { networks: vec![bad.into()] }.fault().is_some(), "{bad}");
        }
    }
}
