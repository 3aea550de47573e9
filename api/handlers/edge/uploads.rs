//! Uploads are large and slow: so many are in memory at once, and no network has more than half of them.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long an upload waits for its turn.
const WAIT: Duration = Duration::from_secs(5);

/// The places for uploads.
pub struct Uploads {
    places: Arc<Semaphore>,
    most_of_one: usize,
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// The right to have an upload in memory.
pub struct UploadTurn {
    network: IpAddr,
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
    _place: OwnedSemaphorePermit,
}

impl Uploads {
    pub fn new(at_once: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(at_once)),
            most_of_one: at_once.div_ceil(2),
            taken: Arc::default(),
        }
    }

    /// A place, unless all are taken for long, or the network has its share.
    pub async fn turn(&self, network: IpAddr) -> Option<UploadTurn> {
        let place = tokio::time::timeout(WAIT, Arc::clone(&self.places).acquire_owned()).await.ok()?.ok()?;
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let of_one = taken.entry(network).or_insert(0);
        if *of_one >= self.most_of_one {
            return None;
        }
        *of_one += 1;
        Some(UploadTurn { network, taken: Arc::clone(&self.taken), _place: place })
    }
}

impl Drop for UploadTurn {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_one) = taken.get_mut(&self.network) {
            *of_one -= 1;
            if *of_one == 0 {
                taken.remove(&self.network);
            }
        }
    }
}
