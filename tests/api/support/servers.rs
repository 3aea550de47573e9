//! Other sides of the wire: a mail server, an HTTP gateway, a line that can be cut.

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// What a server caught, and whether it refuses for now.
#[derive(Clone, Default)]
pub struct Caught {
    pub messages: Arc<Mutex<Vec<String>>>,
    pub refuses: Arc<AtomicBool>,
}

impl Caught {
    pub fn all(&self) -> Vec<String> {
        self.messages.lock().expect("the messages").clone()
    }

    fn keep(&self, message: String) {
        self.messages.lock().expect("the messages").push(message);
    }
}

/// A mail server that takes everything, or defers everything.
pub async fn smtp_sink() -> (u16, Caught) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("its address").port();
    let caught = Caught::default();
    let sink = caught.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(take_mail(stream, sink.clone()));
        }
    });
    (port, caught)
}

async fn take_mail(stream: TcpStream, caught: Caught) {
    let mut stream = BufReader::new(stream);
    let (mut line, mut mail, mut in_data) = (String::new(), String::new(), false);
    let _ = stream.write_all(b"220 sink\r\n").await;
    while stream.read_line(&mut line).await.is_ok_and(|n| n > 0) {
        let answer: &[u8] = if in_data {
            if line == ".\r\n" {
                in_data = false;
                caught.keep(std::mem::take(&mut mail));
                b"250 taken\r\n"
            } else {
                mail.push_str(&line);
                b""
            }
        } else if line.starts_with("DATA") {
            in_data = true;
            b"354 go on\r\n"
        } else if line.starts_with("MAIL") && caught.refuses.load(Ordering::SeqCst) {
            b"451 later\r\n"
        } else {
            b"250 ok\r\n"
        };
        if stream.write_all(answer).await.is_err() || line.starts_with("QUIT") {
            return;
        }
        line.clear();
    }
}

/// An HTTP gateway that takes everything, or is out of order.
pub async fn http_sink() -> (u16, Caught) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("its address").port();
    let caught = Caught::default();
    let sink = caught.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(take_post(stream, sink.clone()));
        }
    });
    (port, caught)
}

async fn take_post(mut stream: TcpStream, caught: Caught) {
    let (mut request, mut chunk) = (Vec::new(), [0; 4_096]);
    loop {
        let Ok(n) = stream.read(&mut chunk).await else { return };
        request.extend_from_slice(&chunk[..n]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok())
            .unwrap_or(0);
        if body.len() >= length || n == 0 {
            let refuses = caught.refuses.load(Ordering::SeqCst);
            let answer: &[u8] = if refuses {
                b"HTTP/1.1 503 Later\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            } else {
                caught.keep(text.clone());
                b"HTTP/1.1 202 Taken\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            };
            let _ = stream.write_all(answer).await;
            return;
        }
    }
}

/// A line to a server that the test cuts and mends.
pub struct Wire {
    pub port: u16,
    whole: watch::Sender<bool>,
}

impl Wire {
    pub async fn to(address: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let (whole, watching) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (address, mut watching) = (address.clone(), watching.clone());
                tokio::spawn(async move {
                    if !*watching.borrow() {
                        return;
                    }
                    let Ok(mut far) = TcpStream::connect(address).await else { return };
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        _ = watching.wait_for(|whole| !whole) => {}
                    }
                });
            }
        });
        Self { port, whole }
    }

    pub fn cut(&self) {
        let _ = self.whole.send(false);
    }

    pub fn mend(&self) {
        let _ = self.whole.send(true);
    }
}

/// Proves the right to the bucket.
pub const BUCKET_SECRET: &str = "a-secret-of-the-bucket";

/// An S3 server over a folder, with one bucket.
pub async fn s3(root: &Path) -> String {
    std::fs::create_dir(root.join("documents")).expect("an S3 server");
    let mut service = S3ServiceBuilder::new(FileSystem::new(root).expect("an S3 server"));
    service.set_auth(SimpleAuth::from_single("keeper", BUCKET_SECRET));
    let service = service.build();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("an S3 server");
    let endpoint = format!("http://{}", listener.local_addr().expect("an S3 server"));
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let service = service.clone();
            tokio::spawn(async move {
                let _ =
                    Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), service).await;
            });
        }
    });
    endpoint
}
