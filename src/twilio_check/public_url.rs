//! Whether the hosts that webhooks lead to can be found: those of all pools, and those of pools that have their own.
//!
//! How to get it wrong: a `fail` here. Numbers can be bought all the same; it is their calls that nobody would answer.

use std::net::IpAddr;
use std::time::Duration;

use tokio::time::timeout;
use url::{Host, Url};

use super::bounds::Bounds;
use super::report::{Check, CheckName};
use crate::config::Config;
use crate::domain::PoolName;

/// How long a name may take.
const WAITED_FOR: Duration = Duration::from_secs(5);

pub(super) async fn look(config: &Config, bounds: &Bounds) -> Vec<Check> {
    let behind = config.outbound().proxy().is_some();
    let mut checks = vec![match &config.webhooks.public_app_url {
        Some(url) => look_at(None, url, behind, bounds).await,
        None => CheckName::PublicUrl.of(None).warn(
            "PUBLIC_APP_URL is not set, and the daemon does not start without it",
            "Give the https origin that Twilio reaches, such as https://app.example.com.",
        ),
    }];
    for (name, pool) in config.pools() {
        if let Some(url) = &pool.webhooks.public_app_url {
            checks.push(look_at(Some(name), url, behind, bounds).await);
        }
    }
    checks
}

/// `behind` = a proxy leads out from here, which knows names that this machine need not know.
async fn look_at(pool: Option<&PoolName>, url: &Url, behind: bool, bounds: &Bounds) -> Check {
    let key = pool.map_or_else(|| "PUBLIC_APP_URL".to_owned(), |pool| pool.key("webhooks.public_app_url"));
    let what = CheckName::PublicUrl.of(pool);
    let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(443));
    let todo = format!("Correct {key}, or the name in DNS: Twilio asks there for every call and message.");
    let unknown = if behind {
        format!(
            "A proxy leads out from here, so names outside may be unknown here: look from elsewhere where {key} leads."
        )
    } else {
        todo.clone()
    };
    let addresses: Vec<IpAddr> = match url.host() {
        Some(Host::Ipv4(address)) => vec![address.into()],
        Some(Host::Ipv6(address)) => vec![address.into()],
        Some(Host::Domain(_)) | None => {
            let found = bounds.bound(timeout(WAITED_FOR, tokio::net::lookup_host((host, port)))).await;
            match found {
                Err(silence) => return silence.told(what),
                Ok(Err(_elapsed)) => return what.warn(format!("{host} was not found in time"), unknown),
                Ok(Ok(Err(error))) => return what.warn(format!("{host} is not found ({error})"), unknown),
                Ok(Ok(Ok(found))) => found.map(|address| address.ip()).collect(),
            }
        }
    };
    match addresses.iter().find(|address| !is_of_this_network(**address)).or(addresses.first()) {
        None => what.warn(format!("{host} has no address"), unknown),
        Some(address) if is_of_this_network(*address) => {
            what.warn(format!("{host} leads to {address}, where Twilio cannot come"), todo)
        }
        Some(address) => what.pass(format!("{host} leads to {address}")),
    }
}

/// Whether nobody outside comes there.
fn is_of_this_network(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            address.is_loopback() || address.is_private() || address.is_link_local() || address.is_unspecified()
        }
        IpAddr::V6(address) => {
            address.is_loopback()
                || address.is_unspecified()
                || address.is_unique_local()
                || address.is_unicast_link_local()
                || address.to_ipv4_mapped().is_some_and(|address| is_of_this_network(address.into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_this_machine_and_its_network_are_none_of_twilios_business() {
        for own in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.9",
            "172.16.1.1",
            "169.254.1.1",
            "::1",
            "fd00::1",
            "fe80::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(is_of_this_network(own.parse().unwrap()), "{own}");
        }
        for public in ["198.51.100.7", "8.8.8.8", "2001:db8::1", "::ffff:8.8.8.8"] {
            assert!(!is_of_this_network(public.parse().unwrap()), "{public}");
        }
    }
}
