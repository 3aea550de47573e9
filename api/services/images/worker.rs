//! The process that decodes: it gets a file, gives a picture or a verdict, and ends. It has no settings, no
//! secrets and no files, and the machine takes memory and time away from it where it wants too much.

use std::{
    io::{self, Read, Write},
    path::PathBuf,
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use rustix::process::{Resource, Rlimit, setrlimit};
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::Command,
    sync::Semaphore,
};
use zeroize::Zeroizing;

use super::clean::{Clean, clean};
use crate::domain::kyc::file::{Accepts, FileFault, MOST_BYTES};

/// What the process may map, in bytes: the largest picture, a copy of it, and its own code.
const MEMORY: u64 = 640 * 1024 * 1024;
/// Seconds on a processor, and on the clock.
const PROCESSOR: u64 = 20;
const CLOCK: Duration = Duration::from_secs(30);
/// The longest that a file waits for its turn.
const TURN: Duration = Duration::from_secs(10);
/// No picture is larger than this once it is encoded.
const MOST_ENCODED: u64 = 64 * 1024 * 1024;

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    #[error("the file is not taken: {}", .0.as_str())]
    Fault(FileFault),
    #[error("too many files are being decoded")]
    Busy,
    #[error("the process that decodes does not start or does not answer")]
    Process(#[source] io::Error),
}

/// What the process says before the picture.
#[derive(Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
enum Verdict {
    Clean { width: u32, height: u32 },
    Fault { fault: FileFault },
}

/// Who decodes, and how many at a time.
#[derive(Clone, Debug)]
pub struct ImageSettings {
    /// This very binary if none.
    pub program: Option<PathBuf>,
    pub at_once: usize,
}

/// Has files decoded.
#[derive(Clone)]
pub struct ImageService {
    program: PathBuf,
    turns: Arc<Semaphore>,
}

impl ImageService {
    /// # Errors
    ///
    /// If this very binary cannot be found.
    pub fn open(settings: &ImageSettings) -> io::Result<Self> {
        let program = settings.program.clone().map_or_else(std::env::current_exe, Ok)?;
        Ok(Self::new(program, settings.at_once))
    }

    /// `program` is called for each file; `at_once` files are decoded at a time.
    pub fn new(program: PathBuf, at_once: usize) -> Self {
        Self { program, turns: Arc::new(Semaphore::new(at_once)) }
    }

    /// The picture that a file shows.
    ///
    /// # Errors
    ///
    /// [`ImageError::Fault`] says what is wrong with the file.
    pub async fn clean(&self, file: Zeroizing<Vec<u8>>, accepts: Accepts) -> Result<Clean, ImageError> {
        if file.len() > MOST_BYTES {
            return Err(ImageError::Fault(FileFault::TooLarge));
        }
        let turn = tokio::time::timeout(TURN, self.turns.acquire()).await;
        let _turn = turn.ok().and_then(Result::ok).ok_or(ImageError::Busy)?;
        match tokio::time::timeout(CLOCK, self.decode(&file, accepts)).await {
            Ok(decoded) => decoded,
            Err(_) => Err(ImageError::Fault(FileFault::TooCostly)),
        }
    }

    async fn decode(&self, file: &[u8], accepts: Accepts) -> Result<Clean, ImageError> {
        let mut child = Command::new(&self.program)
            .arg("clean-image")
            .args((accepts == Accepts::ImagesAndPdf).then_some("--pdf"))
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(ImageError::Process)?;
        let (Some(mut to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(ImageError::Process(io::ErrorKind::BrokenPipe.into()));
        };
        let mut said = Vec::new();
        let feed = async {
            // Who has seen enough reads no more; the verdict tells.
            let _ = to.write_all(file).await;
            drop(to);
        };
        let mut from = from.take(MOST_ENCODED);
        let (_fed, heard) = tokio::join!(feed, from.read_to_end(&mut said));
        heard.map_err(ImageError::Process)?;
        let ended = child.wait().await.map_err(ImageError::Process)?;
        // What the machine ended, for memory or time, or what fell over, says nothing more.
        if !ended.success() {
            return Err(ImageError::Fault(FileFault::TooCostly));
        }
        read(said)
    }
}

fn read(mut said: Vec<u8>) -> Result<Clean, ImageError> {
    let broken = || ImageError::Process(io::ErrorKind::InvalidData.into());
    let line = said.iter().position(|byte| *byte == b'\n').ok_or_else(broken)?;
    let jpeg = said.split_off(line + 1);
    match serde_json::from_slice(&said).map_err(|_| broken())? {
        Verdict::Clean { width, height } => Ok(Clean { jpeg, width, height }),
        Verdict::Fault { fault } => Err(ImageError::Fault(fault)),
    }
}

/// What the process does: takes a file from its input and says what comes of it.
///
/// # Errors
///
/// Only if nobody listens.
pub fn run_as_child(pdf: bool) -> io::Result<()> {
    let limit = |most: u64| Rlimit { current: Some(most), maximum: Some(most) };
    for (resource, most) in [
        (Resource::As, MEMORY),
        (Resource::Cpu, PROCESSOR),
        (Resource::Fsize, 0),
        (Resource::Core, 0),
        (Resource::Nproc, 0),
    ] {
        setrlimit(resource, limit(most))?;
    }
    let mut file = Vec::new();
    let most = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX);
    io::stdin().take(most + 1).read_to_end(&mut file)?;
    let accepts = if pdf { Accepts::ImagesAndPdf } else { Accepts::Images };
    let (verdict, picture) = match clean(&file, accepts) {
        Ok(Clean { jpeg, width, height }) => (Verdict::Clean { width, height }, jpeg),
        Err(fault) => (Verdict::Fault { fault }, Vec::new()),
    };
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, &verdict)?;
    out.write_all(b"\n")?;
    out.write_all(&picture)?;
    out.flush()
}
