//! The machine's full name, as the files of the machine give it: the kernel's name where that has a
//! domain, else `/etc/hosts`, else the first search domain of `/etc/resolv.conf`.
//!
//! Never asks a name server: the name goes into greetings and Message-IDs, which must not wait.

use std::fs::File;
use std::io::Read;

/// The largest file that is read, in bytes.
const MAX: u64 = 64 * 1024;

/// The name with its domain, in lower case.
pub(super) fn fqdn() -> Option<String> {
    let uname = rustix::system::uname();
    let node = uname.nodename().to_str().ok()?.to_ascii_lowercase();
    full(&node, &read("/etc/hosts"), &read("/etc/resolv.conf"))
}

fn read(path: &str) -> String {
    let mut bytes = Vec::new();
    match File::open(path).and_then(|file| file.take(MAX).read_to_end(&mut bytes)) {
        Ok(_) => String::from_utf8_lossy(&bytes).to_ascii_lowercase(),
        Err(_) => String::new(),
    }
}

fn full(node: &str, hosts: &str, resolv: &str) -> Option<String> {
    let own = format!("{node}.");
    let from_hosts = hosts
        .lines()
        .filter_map(|line| line.split('#').next())
        .flat_map(|line| line.split_whitespace().skip(1))
        .filter(|name| name.starts_with(&own));
    let from_resolv = resolv
        .lines()
        .filter_map(|line| line.strip_prefix("search").or(line.strip_prefix("domain")))
        .filter_map(|rest| rest.split_whitespace().next())
        .map(|domain| format!("{own}{domain}"));
    [node.to_owned()]
        .into_iter()
        .chain(from_hosts.map(str::to_owned))
        .chain(from_resolv)
        .map(|name| name.trim_end_matches('.').to_owned())
        .find(|name| is_full(name))
}

/// Whether every machine is called so, in whatever domain (RFC 6761 section 6.3, and what distributions put
/// into `/etc/hosts`).
pub(crate) fn is_everybodys(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let first = name.split('.').next().unwrap_or_default();
    matches!(first, "localhost" | "localhost4" | "localhost6") || name.ends_with(".localhost")
}

/// Whether it is a domain of RFC 5321 section 4.1.2 with more than one label.
fn is_full(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    name.len() <= 253 && name.contains('.') && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_every_machine_has_is_told_from_others() {
        for name in [
            "localhost",
            "LOCALHOST.",
            "localhost.localdomain",
            "localhost6.localdomain6",
            "localhost4",
            "pve.localhost",
        ] {
            assert!(is_everybodys(name), "{name}");
        }
        for name in [
            "pve",
            "pve.localdomain",
            "localhosts.example.org",
            "mylocalhost",
            "",
        ] {
            assert!(!is_everybodys(name), "{name}");
        }
    }

    #[test]
    fn the_nearest_source_with_a_domain_counts() {
        let hosts =
            "127.0.0.1 localhost\n# 10.0.0.1 pve.wrong.example\n10.0.0.1\tpve.example.org pve\n";
        let resolv = "nameserver 10.0.0.2\nsearch lan.example.org example.org\n";
        for (node, hosts, resolv, wanted) in [
            ("pve.example.net", hosts, resolv, Some("pve.example.net")),
            ("pve", hosts, resolv, Some("pve.example.org")),
            ("other", hosts, resolv, Some("other.lan.example.org")),
            (
                "other",
                hosts,
                "domain example.org.\n",
                Some("other.example.org"),
            ),
            ("other", hosts, "search .\n", None),
            ("other", hosts, "", None),
            ("bad name", "", resolv, None),
            ("-pve", "", resolv, None),
        ] {
            assert_eq!(full(node, hosts, resolv).as_deref(), wanted, "{node}");
        }
    }
}
