//! Forms with files, written out: what a browser sends, and what none would.

use reqwest::header::HeaderMap;

use super::{Answer, Inner, Person, pictures};

const BOUNDARY: &str = "----a-boundary-of-the-tests";

/// A form under way.
#[derive(Clone, Default)]
pub struct Form(Vec<u8>);

impl Form {
    /// A passport with everything that is asked of one.
    pub fn passport(number: &str) -> Self {
        Self::card("passport", number).file("front", "front.png", &pictures::picture(image::ImageFormat::Png))
    }

    /// A driver's licence with both sides.
    pub fn licence(number: &str) -> Self {
        let picture = pictures::picture(image::ImageFormat::Jpeg);
        Self::card("drivers_licence", number).file("front", "f.jpg", &picture).file("back", "b.jpg", &picture)
    }

    /// What is told of a card, without its files.
    pub fn card(kind: &str, number: &str) -> Self {
        Self::card_until(kind, number, "2028-12-31")
    }

    pub fn card_until(kind: &str, number: &str, expires_on: &str) -> Self {
        Self::default()
            .text("kind", kind)
            .text("issuer_class", "state")
            .text("country", "NZ")
            .text("name", "LOVELACE ADA")
            .text("number", number)
            .text("expires_on", expires_on)
    }

    /// An electricity bill of two weeks ago.
    pub fn bill() -> Self {
        Self::bill_to("Ms Ada Lovelace")
    }

    pub fn bill_to(name: &str) -> Self {
        Self::default()
            .text("kind", "address_proof")
            .text("issuer_class", "utility")
            .text("country", "NZ")
            .text("name", name)
            .text("address", "12 Queen St, Auckland 1010")
            .text("issued_on", "2026-02-15")
            .file("front", "bill.pdf", &pictures::pdf(1, "595 842"))
    }

    #[must_use]
    pub fn text(self, name: &str, value: &str) -> Self {
        self.part(&format!("form-data; name=\"{name}\""), "", value.as_bytes())
    }

    #[must_use]
    pub fn file(self, name: &str, file_name: &str, content: &[u8]) -> Self {
        let disposition = format!("form-data; name=\"{name}\"; filename=\"{file_name}\"");
        self.part(&disposition, "Content-Type: application/octet-stream\r\n", content)
    }

    /// A part with headers of its own.
    #[must_use]
    pub fn part(mut self, disposition: &str, headers: &str, content: &[u8]) -> Self {
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n{headers}\r\n");
        self.0.extend_from_slice(head.as_bytes());
        self.0.extend_from_slice(content);
        self.0.extend_from_slice(b"\r\n");
        self
    }

    pub fn content_type() -> String {
        format!("multipart/form-data; boundary={BOUNDARY}")
    }

    pub fn body(&self) -> Vec<u8> {
        [self.0.as_slice(), format!("--{BOUNDARY}--\r\n").as_bytes()].concat()
    }
}

impl Person {
    /// Hands a document in.
    pub async fn uploads(&self, form: &Form) -> Answer {
        self.uploads_as(&Form::content_type(), form.body(), &[]).await
    }

    /// Sends bytes where a form is awaited.
    pub async fn uploads_as(&self, content_type: &str, body: Vec<u8>, headers: &[(&str, &str)]) -> Answer {
        let mut request = self
            .client
            .post(format!("{}/v1/kyc/documents", self.url))
            .bearer_auth(&self.access_token)
            .header("content-type", content_type);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(&reqwest::Method::POST, request.body(body).send().await.expect("the server answers")).await
    }

    /// The bytes of an answer that is no text.
    pub async fn fetches(&self, path: &str) -> (u16, HeaderMap, Vec<u8>) {
        fetch(self, path, &self.access_token).await
    }
}

pub(super) async fn fetch(app: &Inner, path: &str, token: &str) -> (u16, HeaderMap, Vec<u8>) {
    let request = app.client.get(format!("{}{path}", app.url)).bearer_auth(token);
    let answer = request.send().await.expect("the server answers");
    super::note("GET", path, answer.status().as_u16());
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    (status, headers, answer.bytes().await.expect("a whole answer").to_vec())
}
