//! Images that people hand in: decoded and encoded anew, in a process of its own that has little of
//! everything, so that nothing of a file comes through but what it shows.

mod clean;
mod worker;

pub use clean::{Clean, clean};
pub use worker::{ImageError, ImageService, ImageSettings, run_as_child};
