//! The block list: addresses, networks and devices that are turned away for a while (clause 2.4).

use std::net::IpAddr;

use ipnet::IpNet;

use super::{
    ids::{BlockId, DeviceId},
    time::Timestamp,
};

/// Why somebody is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockReason {
    Spam,
    Phishing,
    DenialOfService,
    CredentialStuffing,
    Fraud,
}

impl BlockReason {
    pub const ALL: [Self; 5] =
        [Self::Spam, Self::Phishing, Self::DenialOfService, Self::CredentialStuffing, Self::Fraud];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Spam => "spam",
            Self::Phishing => "phishing",
            Self::DenialOfService => "denial_of_service",
            Self::CredentialStuffing => "credential_stuffing",
            Self::Fraud => "fraud",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

/// Who is turned away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlockTarget {
    Network(IpNet),
    Device(DeviceId),
}

impl BlockTarget {
    /// Reads an address, a network in CIDR notation, or the id of a device.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(device) = text.parse() {
            return Some(Self::Device(device));
        }
        if let Ok(network) = text.parse::<IpNet>() {
            return Some(Self::Network(network.trunc()));
        }
        text.parse::<IpAddr>().ok().map(|address| Self::Network(IpNet::from(address.to_canonical())))
    }

    /// Whether a client with this address and device is meant.
    pub fn covers(&self, address: IpAddr, device: Option<DeviceId>) -> bool {
        match self {
            Self::Network(network) => network.contains(&address),
            Self::Device(blocked) => device == Some(*blocked),
        }
    }
}

impl std::fmt::Display for BlockTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Network(network) => network.fmt(f),
            Self::Device(device) => device.fmt(f),
        }
    }
}

/// An entry of the block list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    pub id: BlockId,
    pub target: BlockTarget,
    pub reason: BlockReason,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_an_address_a_network_or_a_device() {
        let covers = |target: &str, address: &str| {
            BlockTarget::parse(target).unwrap().covers(address.parse().unwrap(), None)
        };
        assert!(covers("203.0.113.7", "203.0.113.7") && !covers("203.0.113.7", "203.0.113.8"));
        assert!(covers("203.0.113.9/24", "203.0.113.200") && !covers("203.0.113.0/24", "203.0.114.1"));
        assert!(covers("2001:db8::/32", "2001:db8:1::1") && !covers("::ffff:1.2.3.4", "::1"));
        assert!(covers("::ffff:203.0.113.7", "203.0.113.7"));
        assert!(BlockTarget::parse("everybody").is_none());
        let device = DeviceId::generate(Timestamp::from_micros(0).unwrap());
        let target = BlockTarget::parse(&device.to_string()).unwrap();
        assert!(target.covers("::1".parse().unwrap(), Some(device)));
        assert!(!target.covers("::1".parse().unwrap(), None));
    }
}
