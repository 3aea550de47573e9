//! Coarse places of addresses, from a database in the MaxMind format, if one is at hand.

use std::{net::IpAddr, path::Path, sync::Arc};

use maxminddb::{Reader, geoip2};

use crate::domain::personal::PersonalText;

/// The database of places is unusable.
#[derive(Debug, thiserror::Error)]
#[error("the database of places cannot be read")]
pub struct UnusablePlaces;

/// Looks places up; without a database no address has one.
#[derive(Clone, Default)]
pub struct Places {
    reader: Option<Arc<Reader<Vec<u8>>>>,
}

impl Places {
    /// # Errors
    ///
    /// [`UnusablePlaces`] if there is a path and no usable database behind it.
    pub fn open(path: Option<&Path>) -> Result<Self, UnusablePlaces> {
        let reader = path.map(Reader::open_readfile).transpose().map_err(|_| UnusablePlaces)?;
        Ok(Self { reader: reader.map(Arc::new) })
    }

    /// Country and town of an address, as precise as the database has them and no more: `NZ, Auckland`.
    pub fn of(&self, address: &str) -> Option<PersonalText> {
        let address: IpAddr = address.parse().ok()?;
        let found = self.reader.as_ref()?.lookup(address).ok()?.decode::<geoip2::City<'_>>().ok()??;
        let country = found.country.iso_code?;
        let place = match found.city.names.english {
            Some(town) => format!("{country}, {town}"),
            None => country.to_owned(),
        };
        Some(PersonalText::new(place))
    }
}
