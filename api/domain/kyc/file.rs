//! Files that people hand in: what is taken, and why one is not.

use crate::domain::closed_list::closed_list;

/// The most that one file may have.
pub const MOST_BYTES: usize = 10 * 1024 * 1024;
/// The most pixels that an image may have, and the most on one side.
pub const MOST_PIXELS: u64 = 40_000_000;
pub const MOST_SIDE: u32 = 12_000;
/// Fewer pixels than this on a side show nothing that can be read.
pub const LEAST_SIDE: u32 = 200;
/// The most pages of a PDF.
pub const MOST_PAGES: usize = 5;

closed_list! {
    /// Why a file is not taken.
    FileFault {
        /// It is of no format that is taken here.
        Format = "format",
        /// It does not decode.
        Broken = "broken",
        TooLarge = "too_large",
        /// It has more pixels than are taken.
        TooManyPixels = "too_many_pixels",
        TooSmall = "too_small",
        /// It has more than one picture.
        Animated = "animated",
        TooManyPages = "too_many_pages",
        /// To decode it takes more memory or time than a document does.
        TooCostly = "too_costly",
    }
}

/// The name of a file that is kept: 128 random bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileName(pub [u8; 16]);

impl std::fmt::Debug for FileName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FileName(…)")
    }
}

/// Which formats are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepts {
    /// JPEG and PNG.
    Images,
    /// These, and PDF: what a supplier mails.
    ImagesAndPdf,
}
