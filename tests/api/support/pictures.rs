//! Pictures and other files as people, and others, hand them in.

use std::io::{Cursor, Write};

use flate2::{Compression, write::ZlibEncoder};
use image::{ImageFormat, RgbImage};

pub fn chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [&kind, data].concat();
    let length = u32::try_from(data.len()).unwrap();
    [&length.to_be_bytes()[..], &body, &crc32fast::hash(&body).to_be_bytes()].concat()
}

pub fn header(width: u32, height: u32, depth: u8, colour: u8) -> Vec<u8> {
    let fields = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[depth, colour, 0, 0, 0]].concat();
    chunk(*b"IHDR", &fields)
}

/// A PNG of these chunks.
pub fn png(chunks: &[Vec<u8>]) -> Vec<u8> {
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunks.concat(), chunk(*b"IEND", b"")].concat()
}

pub fn deflated_zeros(mib: usize) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    for _ in 0..mib {
        encoder.write_all(&vec![0; 1024 * 1024]).unwrap();
    }
    encoder.finish().unwrap()
}

/// A picture with something in it, in this format.
pub fn picture(format: ImageFormat) -> Vec<u8> {
    let image = RgbImage::from_fn(400, 300, |x, y| {
        let part = |n: u32| u8::try_from(n % 256).unwrap();
        image::Rgb([part(x), part(y), part(x * y)])
    });
    let mut file = Cursor::new(Vec::new());
    image.write_to(&mut file, format).unwrap();
    file.into_inner()
}

pub fn rows(width: usize, height: usize) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&vec![0; (width + 1) * height]).unwrap();
    encoder.finish().unwrap()
}

/// EXIF that says: held sideways, at this place.
pub fn exif() -> Vec<u8> {
    let mut tiff = b"MM\0\x2a\0\0\0\x08\0\x02".to_vec();
    tiff.extend(b"\x01\x12\0\x03\0\0\0\x01\0\x06\0\0");
    tiff.extend(b"\x88\x25\0\x04\0\0\0\x01\0\0\0\x26");
    tiff.extend(b"\0\0\0\0\0\x01\0\x01\0\x02\0\0\0\x02S\0\0\0\0\0\0\0GPS-CANARY-36.8485S");
    let segment = [b"Exif\0\0".as_slice(), &tiff].concat();
    let length = u16::try_from(segment.len() + 2).unwrap();
    [&[0xFF, 0xE1][..], &length.to_be_bytes(), &segment].concat()
}

/// A JPEG with segments put behind its first mark.
pub fn jpeg_with(segment: &[u8]) -> Vec<u8> {
    let jpeg = picture(ImageFormat::Jpeg);
    [&jpeg[..2], segment, &jpeg[2..]].concat()
}

/// A PDF of so many pages that say something.
pub fn pdf(pages: usize, size: &str) -> Vec<u8> {
    let kids: Vec<String> = (0..pages).map(|n| format!("{} 0 R", 10 + 2 * n)).collect();
    let mut objects = vec![
        (1, "<< /Type /Catalog /Pages 2 0 R >>".to_owned()),
        (2, format!("<< /Type /Pages /Count {pages} /Kids [{}] >>", kids.join(" "))),
        (3, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned()),
    ];
    for n in 0..pages {
        let text = "BT /F1 24 Tf 72 700 Td (Electricity bill) Tj ET 72 600 200 50 re f";
        objects.push((
            10 + 2 * n,
            format!(
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {size}] /Contents {} 0 R \
                 /Resources << /Font << /F1 3 0 R >> >> >>",
                11 + 2 * n
            ),
        ));
        objects.push((11 + 2 * n, format!("<< /Length {} >>\nstream\n{text}\nendstream", text.len())));
    }
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut offsets = Vec::new();
    for (number, body) in &objects {
        offsets.push((*number, file.len()));
        file.extend(format!("{number} 0 obj\n{body}\nendobj\n").bytes());
    }
    let start = file.len();
    file.extend(b"xref\n");
    for (number, offset) in &offsets {
        file.extend(format!("{number} 1\n{offset:010} 00000 n \n").bytes());
    }
    let size = offsets.iter().map(|(number, _)| number).max().unwrap() + 1;
    file.extend(format!("trailer << /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF").bytes());
    file
}

/// Whether `file` holds these bytes.
pub fn holds(file: &[u8], what: &[u8]) -> bool {
    memchr::memmem::find(file, what).is_some()
}
