//! The way to a peer: its names in each family, each of its addresses, and its certificate.

use std::net::SocketAddr;
use std::time::Duration;

use super::steps::{Seen, Steps};
use crate::Deadline;
use crate::clock::day_of;
use crate::message::Message;
use crate::net::{self, Certificate, Peer, Trip};

/// A certificate that ends within so many days should have been replaced.
const DAYS_LEFT: i64 = 14;
const DAY: i64 = 86_400;
/// How long one address may take.
const PER_ADDRESS: Duration = Duration::from_secs(3);

/// Looks the name up, and tries each address; whether there is a way.
pub(super) fn go(trip: &Trip, peer: &Peer, steps: &mut Steps<'_>, deadline: Deadline) -> bool {
    let addresses = steps.take("names", || {
        let addresses = net::addresses(trip, peer, deadline).map_err(|error| error.message())?;
        let text = match peer.host.parse::<std::net::IpAddr>() {
            Ok(_) => "an address, no name to look up".to_owned(),
            Err(_) => listed(&addresses),
        };
        Ok((addresses, Seen::new(text)))
    });
    let Some(addresses) = addresses else {
        return false;
    };
    let is_reached = steps.take("connection", || {
        let mut good = Vec::new();
        let mut bad: Vec<(SocketAddr, Message)> = Vec::new();
        for address in addresses {
            let end = deadline.at_most(PER_ADDRESS);
            match net::reach(peer, &address, end) {
                Ok(()) => good.push(address),
                Err(error) => bad.push((address, error.message())),
            }
        }
        match (good.as_slice(), bad.into_iter().next()) {
            ([], Some((_, why))) => Err(why),
            (good, None) => Ok(((), Seen::new(format!("connected to {}", listed(good))))),
            (good, Some((address, why))) => {
                let warning =
                    Message::new(format!("{} does not answer ({})", address.ip(), why.cause))
                        .fix("fix the DNS records of the server, or the route to this address");
                let seen = Seen::new(format!("connected to {}", listed(good)));
                Ok(((), seen.warn(Some(warning))))
            }
        }
    });
    is_reached.is_some()
}

/// What a certificate says, and whether it ends soon.
pub(super) fn certificate(agreed: &str, shown: Option<&Certificate>, now: i64) -> Seen {
    let Some(shown) = shown else {
        return Seen::new(agreed);
    };
    let days = shown.ends.saturating_sub(now).div_euclid(DAY);
    let text = format!(
        "{agreed}; certificate of {} until {} ({days} days), trusted by {}",
        shown.subject,
        day_of(shown.ends),
        shown.authority
    );
    let warning = (days < DAYS_LEFT).then(|| {
        Message::new("the certificate of the server expires soon")
            .fix("mail server administrator: replace it")
    });
    Seen::new(text).warn(warning)
}

fn listed(addresses: &[SocketAddr]) -> String {
    let all: Vec<String> = addresses
        .iter()
        .map(|address| address.ip().to_string())
        .collect();
    all.join(", ")
}
