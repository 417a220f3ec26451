//! Which addresses may be reached. Feeds, redirects and web-hook addresses come
//! from outside, and must not make us knock at doors inside the operator's
//! network (server-side request forgery).
//!
//! A name is judged by the addresses it resolves to, inside the client's own
//! resolver, so that what was judged is what is connected to. An address
//! written as a number skips every resolver and is judged from the URL.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Refuses addresses that are not on the public internet, unless the operator
/// lists them.
#[derive(Debug, Clone, Default)]
pub struct AddressGuard {
    networks: Vec<Network>,
    sockets: Vec<SocketAddr>,
    names: Vec<(String, Option<u16>)>,
}

/// How an address may be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Through the resolver that leaves out addresses we refuse.
    Guarded,
    /// The operator trusts this name: whatever it resolves to.
    Trusted,
}

/// Why an address is refused. Travels through the client as the error of its
/// resolver, and is looked for there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal(String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}

#[derive(Debug, Clone, Copy)]
struct Network {
    address: IpAddr,
    prefix: u8,
}

impl AddressGuard {
    /// Reads the operator's list: networks (`10.1.0.0/16`), addresses, host
    /// names, and either of the last two with a port.
    ///
    /// # Errors
    /// An entry is none of these; the sentence names it.
    pub fn new(allow: &[String]) -> Result<Self, String> {
        let mut guard = Self::default();
        for entry in allow {
            guard.allow(entry.trim()).ok_or_else(|| {
                let shown: String = entry.chars().take(60).collect();
                format!(
                    "`{shown}` in net.allow is not a network, an address or a host name \
                     (as 10.1.0.0/16, feeds.corp.example or 127.0.0.1:8081)"
                )
            })?;
        }
        Ok(guard)
    }

    /// Why `address` is refused at any port, or nothing if it may be reached.
    #[must_use]
    pub fn refuses(&self, address: IpAddr) -> Option<&'static str> {
        let kind = special(address)?;
        (!self
            .networks
            .iter()
            .any(|network| network.contains(address)))
        .then_some(kind)
    }

    /// Judges the address itself, before any name is resolved: scheme,
    /// credentials, and hosts written as a number.
    pub(crate) fn check(&self, url: &Url) -> Result<Way, Refusal> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Refusal("only http and https addresses are read".to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal(
                "an address must not hold a user name or password".to_owned(),
            ));
        }
        let port = url.port_or_known_default().unwrap_or_default();
        match url.host() {
            None => Err(Refusal("the address has no host".to_owned())),
            Some(Host::Ipv4(address)) => self.check_number(IpAddr::V4(address), port),
            Some(Host::Ipv6(address)) => self.check_number(IpAddr::V6(address), port),
            Some(Host::Domain(name)) => {
                let name = name.trim_end_matches('.').to_ascii_lowercase();
                let listed = self
                    .names
                    .iter()
                    .any(|(known, only)| *known == name && only.is_none_or(|only| only == port));
                if listed {
                    Ok(Way::Trusted)
                } else if name == "localhost" || name.ends_with(".localhost") {
                    // Also said here because behind a proxy nothing is resolved.
                    Err(refusal("loopback"))
                } else {
                    Ok(Way::Guarded)
                }
            }
        }
    }

    fn check_number(&self, address: IpAddr, port: u16) -> Result<Way, Refusal> {
        if self.sockets.contains(&SocketAddr::new(address, port)) {
            return Ok(Way::Trusted);
        }
        match self.refuses(address) {
            Some(kind) => Err(refusal(kind)),
            None => Ok(Way::Guarded),
        }
    }

    fn allow(&mut self, entry: &str) -> Option<()> {
        if let Some((address, prefix)) = entry.split_once('/') {
            let address: IpAddr = address.parse().ok()?;
            let prefix: u8 = prefix.parse().ok()?;
            let longest = if address.is_ipv4() { 32 } else { 128 };
            (prefix <= longest).then(|| self.networks.push(Network { address, prefix }))
        } else if let Ok(address) = entry.trim_matches(['[', ']']).parse::<IpAddr>() {
            let prefix = if address.is_ipv4() { 32 } else { 128 };
            self.networks.push(Network { address, prefix });
            Some(())
        } else if let Ok(socket) = entry.parse::<SocketAddr>() {
            self.sockets.push(socket);
            Some(())
        } else {
            let (name, port) = match entry.rsplit_once(':') {
                Some((name, port)) => (name, Some(port.parse().ok()?)),
                None => (entry, None),
            };
            let Ok(Host::Domain(name)) = Host::parse(name.trim_end_matches('.')) else {
                return None;
            };
            self.names.push((name.to_ascii_lowercase(), port));
            Some(())
        }
    }
}

impl Network {
    fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let shift = 32_u32.saturating_sub(u32::from(self.prefix));
                u32::from(network).checked_shr(shift) == u32::from(address).checked_shr(shift)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let shift = 128_u32.saturating_sub(u32::from(self.prefix));
                u128::from(network).checked_shr(shift) == u128::from(address).checked_shr(shift)
            }
            _ => false,
        }
    }
}

/// What makes an address special, by the registries of IANA
/// (iana-ipv4-special-registry, iana-ipv6-special-registry); `None` for one on
/// the public internet.
fn special(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => special_v4(address),
        IpAddr::V6(address) => special_v6(address),
    }
}

fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    match address.octets() {
        [0, ..] => Some("unspecified"),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Some("private"),
        [100, 64..=127, ..] => Some("shared by a provider's customers"),
        [127, ..] => Some("loopback"),
        [169, 254, ..] => Some("link-local"),
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Some("for documentation"),
        [192, 0, 0, _] | [192, 88, 99, _] | [198, 18..=19, ..] => Some("for protocols and tests"),
        [224..=239, ..] => Some("multicast"),
        [240..=255, ..] => Some("reserved"),
        _ => None,
    }
}

fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    match [a, b, c, d, e, f, g, h] {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some("unspecified"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some("loopback"),
        [0, 0, 0, 0, 0, 0xffff, ..] | [0, 0, 0, 0, 0, 0, ..] => Some("IPv4 in IPv6 clothing"),
        // What a resolver gives for every IPv4 host in a network that has only
        // IPv6: judged by the IPv4 address inside, or nothing would be reachable.
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => {
            let [g1, g2] = g.to_be_bytes();
            let [h1, h2] = h.to_be_bytes();
            special_v4(Ipv4Addr::new(g1, g2, h1, h2))
        }
        [0x64, 0xff9b, ..] | [0x2002, ..] => Some("IPv4 in IPv6 clothing"),
        [0xfc00..=0xfdff, ..] => Some("unique-local"),
        [0xfe80..=0xfeff, ..] => Some("link-local or site-local"),
        [0xff00..=0xffff, ..] => Some("multicast"),
        [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => Some("for documentation"),
        [0x2001, 0..=0x01ff, ..] => Some("for protocols and tests"),
        [0x2000..=0x3fff, ..] => None,
        _ => Some("reserved"),
    }
}

fn refusal(kind: &str) -> Refusal {
    Refusal(format!(
        "the address is {kind}; list it in net.allow if you trust it"
    ))
}

/// The resolver of the guarded client: the system's answer without the
/// addresses that are refused.
pub(crate) struct GuardedResolver {
    pub(crate) guard: Arc<AddressGuard>,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = Arc::clone(&self.guard);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(only_permitted(&guard, found)?)
        })
    }
}

fn only_permitted(
    guard: &AddressGuard,
    found: impl Iterator<Item = SocketAddr>,
) -> Result<Addrs, Refusal> {
    let mut refused = None;
    let mut kept = Vec::new();
    for socket in found {
        match guard.refuses(socket.ip()) {
            Some(kind) => refused = Some(kind),
            None => kept.push(socket),
        }
    }
    match (kept.is_empty(), refused) {
        (true, Some(kind)) => Err(refusal(kind)),
        _ => Ok(Box::new(kept.into_iter())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(allow: &[&str]) -> AddressGuard {
        AddressGuard::new(
            &allow
                .iter()
                .map(|entry| (*entry).to_owned())
                .collect::<Vec<_>>(),
        )
        .unwrap()
    }

    fn way(guard: &AddressGuard, url: &str) -> Result<Way, Refusal> {
        guard.check(&Url::parse(url).unwrap())
    }

    #[test]
    fn only_public_addresses_pass() {
        let guard = guard(&[]);
        for public in [
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00::1",
            "2400:cb00::1",
            "64:ff9b::808:808",
        ] {
            assert_eq!(guard.refuses(public.parse().unwrap()), None, "{public}");
        }
        for special in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "::8.8.8.8",
            "64:ff9b::10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2002:808:808::1",
            "2001::1",
            "2001:db8::1",
            "3fff::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "100::1",
            "4000::1",
            "5f00::1",
        ] {
            assert!(
                guard.refuses(special.parse().unwrap()).is_some(),
                "{special}"
            );
        }
    }

    #[test]
    fn hosts_written_as_numbers_are_judged_in_every_spelling() {
        let guard = guard(&[]);
        for url in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://[::1]/",
            "http://[::ffff:7f00:1]/",
            "http://localhost/",
            "http://LOCALHOST./",
            "http://x.localhost/",
            "http://１２７.0.0.1/",
        ] {
            assert!(way(&guard, url).is_err(), "{url}");
        }
        assert_eq!(way(&guard, "https://feeds.example.org/"), Ok(Way::Guarded));
        assert_eq!(way(&guard, "https://9.9.9.9/"), Ok(Way::Guarded));
    }

    #[test]
    fn other_schemes_and_credentials_are_refused_even_where_the_host_is_trusted() {
        let guard = guard(&["intern.example"]);
        for url in [
            "ftp://intern.example/",
            "file:///etc/passwd",
            "gopher://intern.example/",
            "data:text/plain,x",
        ] {
            assert!(way(&guard, url).is_err(), "{url}");
        }
        for url in [
            "http://user@intern.example/",
            "http://user:secret@intern.example/",
        ] {
            let refusal = way(&guard, url).unwrap_err();
            assert!(!refusal.to_string().contains("secret"));
        }
    }

    #[test]
    fn the_operator_lists_networks_addresses_and_names_with_or_without_a_port() {
        let guard = guard(&[
            "10.1.0.0/16",
            "192.168.1.7",
            "127.0.0.1:8081",
            "[::1]:8081",
            "Feeds.Corp.example",
            "api.corp.example:8443",
            "fd00::/8",
        ]);
        for (url, allowed) in [
            ("http://10.1.255.1:99/", true),
            ("http://10.2.0.1/", false),
            ("http://192.168.1.7/", true),
            ("http://192.168.1.8/", false),
            ("http://127.0.0.1:8081/", true),
            ("http://127.0.0.1:8082/", false),
            ("http://127.0.0.1/", false),
            ("http://[::1]:8081/", true),
            ("http://[::1]/", false),
            ("http://[fd00::5]/", true),
        ] {
            assert_eq!(way(&guard, url).is_ok(), allowed, "{url}");
        }
        assert_eq!(
            way(&guard, "http://feeds.corp.example:8080/"),
            Ok(Way::Trusted)
        );
        assert_eq!(
            way(&guard, "http://api.corp.example:8443/"),
            Ok(Way::Trusted)
        );
        assert_eq!(way(&guard, "https://api.corp.example/"), Ok(Way::Guarded));
        assert_eq!(
            way(&guard, "https://evilfeeds.corp.example/"),
            Ok(Way::Guarded)
        );
    }

    #[test]
    fn a_zero_prefix_allows_everything_of_its_family_only() {
        let guard = guard(&["0.0.0.0/0"]);
        assert_eq!(guard.refuses("10.0.0.1".parse().unwrap()), None);
        assert!(guard.refuses("::1".parse().unwrap()).is_some());
    }

    #[test]
    fn unreadable_entries_are_named() {
        for wrong in [
            "10.0.0.0/33",
            "http://x.example",
            "10.0.0.0/x",
            "",
            "a b",
            "x.example:99999",
            "fd00::/129",
        ] {
            let error = AddressGuard::new(&[wrong.to_owned()]).unwrap_err();
            assert!(error.contains(&format!("`{wrong}`")), "{error}");
        }
    }

    #[test]
    fn a_name_keeps_its_public_addresses_and_is_refused_when_it_has_none() {
        let guard = guard(&[]);
        let both: Vec<SocketAddr> =
            vec!["10.0.0.1:0".parse().unwrap(), "9.9.9.9:0".parse().unwrap()];
        let kept: Vec<SocketAddr> = only_permitted(&guard, both.into_iter()).unwrap().collect();
        assert_eq!(kept, ["9.9.9.9:0".parse().unwrap()]);
        let private: Vec<SocketAddr> = vec!["[fd00::1]:0".parse().unwrap()];
        assert!(only_permitted(&guard, private.into_iter()).is_err());
    }
}
