//! Which systems of departments may be called.

use std::net::IpAddr;

use serde::Deserialize;

use super::panels;

/// `[share]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ShareFile {
    /// Networks that are not public and may be called all the same, such as `10.20.0.0/16`.
    pub networks: Vec<String>,
    /// When there are any: the only hosts that may be called.
    pub hosts: Vec<String>,
}

/// Whether an address is one of the public internet: nothing of this machine, of networks within, of other uses.
fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            !(ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || ip.is_multicast()
                || ip.is_broadcast()
                || ip.is_documentation()
                || a == 0
                || a >= 240
                || (a == 100 && b & 0xc0 == 64)
                || (a == 192 && b == 0 && c == 0)
                || (a == 198 && b & 0xfe == 18))
        }
        IpAddr::V6(ip) => {
            let [a, b, ..] = ip.segments();
            // Only what is handed out to the internet, without the ways in which an IPv4 address hides in one.
            a & 0xe000 == 0x2000 && a != 0x2002 && !(a == 0x2001 && (b == 0 || b == 0xdb8))
        }
    }
}

impl ShareFile {
    /// Whether this address may be called.
    pub fn allows(&self, ip: IpAddr) -> bool {
        is_public(ip) || panels::within(&self.networks, ip)
    }

    /// Whether this host may be called.
    pub fn allows_host(&self, host: &str) -> bool {
        self.hosts.is_empty() || self.hosts.iter().any(|h| h.eq_ignore_ascii_case(host))
    }

    /// What cannot be meant.
    pub fn fault(&self) -> Option<String> {
        panels::odd("share", &self.networks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_internet_may_be_called_and_what_is_listed() {
        let own = ShareFile::default();
        for shut in [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:0:1::",
        ] {
            assert!(!own.allows(shut.parse().unwrap()), "{shut}");
        }
        for open in ["8.8.8.8", "223.5.5.5", "2400:3200::1"] {
            assert!(own.allows(open.parse().unwrap()), "{open}");
        }
        let listed = ShareFile { networks: vec!["10.20.0.0/16".into()], hosts: vec!["Data.example.cn".into()] };
        assert!(listed.allows("10.20.3.4".parse().unwrap()) && !listed.allows("10.21.0.1".parse().unwrap()));
        assert!(listed.allows_host("data.example.cn") && !listed.allows_host("evil.example"));
        assert!(own.allows_host("any.example") && listed.fault().is_none());
        assert!(ShareFile { networks: vec!["x".into()], ..own }.fault().is_some());
    }
}
