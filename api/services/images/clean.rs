//! From a file to a picture: pixels are kept, everything else is left behind (metadata, places, text, code,
//! what was appended).

use std::io::Cursor;

use hayro::{
    PixmapSettings, RenderCache, RenderSettings, hayro_interpret::InterpreterSettings, hayro_syntax::Pdf,
    vello_cpu::color::palette::css::WHITE,
};
use image::{
    DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, Rgb, RgbImage,
    codecs::{jpeg::JpegEncoder, png::PngDecoder},
};

use crate::domain::kyc::file::{Accepts, FileFault, LEAST_SIDE, MOST_PAGES, MOST_PIXELS, MOST_SIDE};

/// What decoding may allocate.
const MOST_ALLOCATED: u64 = 192 * 1024 * 1024;
/// What is kept is no larger than this on its longer side; small print can be read in it.
const KEPT_SIDE: u32 = 4_000;
const QUALITY: u8 = 88;
/// So wide is a page of a PDF drawn, and so high at most.
const PAGE_WIDTH: f32 = 1_600.0;
const PAGE_HEIGHT: f32 = 4_000.0;

/// A picture: a JPEG with nothing in it but pixels.
#[derive(Debug)]
pub struct Clean {
    pub jpeg: Vec<u8>,
    pub width: u32,
    pub height: u32,
}

/// Decodes a file by what it is, whatever it is called, and encodes what it shows.
///
/// # Errors
///
/// The [`FileFault`].
pub fn clean(file: &[u8], accepts: Accepts) -> Result<Clean, FileFault> {
    let picture = if file.starts_with(b"%PDF-") && accepts == Accepts::ImagesAndPdf {
        pages(file)?
    } else {
        picture(file)?
    };
    let (width, height) = picture.dimensions();
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY)
        .encode_image(&picture)
        .map_err(|_| FileFault::Broken)?;
    Ok(Clean { jpeg, width, height })
}

fn picture(file: &[u8]) -> Result<RgbImage, FileFault> {
    let format = image::guess_format(file).map_err(|_| FileFault::Format)?;
    match format {
        ImageFormat::Jpeg => {}
        ImageFormat::Png => {
            let png = PngDecoder::with_limits(Cursor::new(file), limits()).map_err(|error| fault(&error))?;
            if png.is_apng().map_err(|error| fault(&error))? {
                return Err(FileFault::Animated);
            }
        }
        _ => return Err(FileFault::Format),
    }
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    reader.limits(limits());
    let mut decoder = reader.into_decoder().map_err(|error| fault(&error))?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(FileFault::TooManyPixels);
    }
    if width.min(height) < LEAST_SIDE {
        return Err(FileFault::TooSmall);
    }
    let mut left = limits();
    left.reserve(decoder.total_bytes()).map_err(|error| fault(&error))?;
    decoder.set_limits(left).map_err(|error| fault(&error))?;
    // How a camera was held is told beside the pixels, and goes into them.
    let orientation = decoder.orientation().map_err(|error| fault(&error))?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(|error| fault(&error))?;
    image.apply_orientation(orientation);
    if image.width().max(image.height()) > KEPT_SIDE {
        image = image.thumbnail(KEPT_SIDE, KEPT_SIDE);
    }
    Ok(on_white(&image))
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MOST_SIDE);
    limits.max_image_height = Some(MOST_SIDE);
    limits.max_alloc = Some(MOST_ALLOCATED);
    limits
}

fn fault(error: &image::ImageError) -> FileFault {
    match error {
        image::ImageError::Limits(_) => FileFault::TooManyPixels,
        _ => FileFault::Broken,
    }
}

/// What is transparent shows white, as it would on paper.
fn on_white(image: &DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.to_rgb8();
    }
    let image = image.to_rgba8();
    let mut paper = RgbImage::new(image.width(), image.height());
    for (to, from) in paper.pixels_mut().zip(image.pixels()) {
        let [r, g, b, alpha] = from.0;
        *to = Rgb([r, g, b].map(|part| over_white(part, alpha)));
    }
    paper
}

fn over_white(part: u8, alpha: u8) -> u8 {
    let (part, alpha) = (u32::from(part), u32::from(alpha));
    u8::try_from((part * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX)
}

/// The pages of a PDF, one below the other.
fn pages(file: &[u8]) -> Result<RgbImage, FileFault> {
    let pdf = Pdf::new(file.to_vec()).map_err(|_| FileFault::Broken)?;
    let count = pdf.pages().len();
    if count == 0 {
        return Err(FileFault::Broken);
    }
    if count > MOST_PAGES {
        return Err(FileFault::TooManyPages);
    }
    let cache = RenderCache::new();
    let mut drawn = Vec::with_capacity(count);
    for page in pdf.pages().iter() {
        let (width, height) = page.render_dimensions();
        if !(width.is_finite() && height.is_finite() && width >= 1.0 && height >= 1.0) {
            return Err(FileFault::Broken);
        }
        let scale = (PAGE_WIDTH / width).min(PAGE_HEIGHT / height);
        let settings = PixmapSettings { x_scale: scale, y_scale: scale, bg_color: WHITE };
        let (interpreter, render) = (InterpreterSettings::default(), RenderSettings::default());
        let pixmap = hayro::render(page, &cache, &interpreter, &render, &settings);
        let (width, height) = (u32::from(pixmap.width()), u32::from(pixmap.height()));
        let page = RgbImage::from_fn(width, height, |x, y| {
            let at = usize::try_from(u64::from(y) * u64::from(width) + u64::from(x)).unwrap_or(usize::MAX);
            let pixel = pixmap.data().get(at).copied();
            Rgb(pixel.map_or([255; 3], |pixel| [pixel.r, pixel.g, pixel.b]))
        });
        drawn.push(page);
    }
    let width = drawn.iter().map(RgbImage::width).max().unwrap_or(0);
    let height = drawn.iter().map(RgbImage::height).sum();
    if width.min(height) < LEAST_SIDE {
        return Err(FileFault::TooSmall);
    }
    let mut stack = RgbImage::from_pixel(width, height, Rgb([255; 3]));
    let mut top = 0;
    for page in &drawn {
        image::imageops::replace(&mut stack, page, 0, i64::from(top));
        top += page.height();
    }
    Ok(stack)
}
