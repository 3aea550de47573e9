//! An S3 server over a folder, for scripts that keep files in a bucket: prints where it listens.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a tool: it tells where it is, and ends where it cannot"
)]

use std::path::PathBuf;

use clap::Parser;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::net::TcpListener;

#[derive(Parser)]
struct Arguments {
    /// The folder; a bucket is a folder in it, and this one is made.
    root: PathBuf,
    bucket: String,
    access_key_id: String,
    secret_access_key: String,
}

#[tokio::main]
async fn main() {
    let arguments = Arguments::parse();
    std::fs::create_dir_all(arguments.root.join(&arguments.bucket)).expect("a folder for the bucket");
    let mut service = S3ServiceBuilder::new(FileSystem::new(&arguments.root).expect("a folder"));
    service.set_auth(SimpleAuth::from_single(arguments.access_key_id, arguments.secret_access_key));
    let service = service.build();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    println!("http://{}", listener.local_addr().expect("its address"));
    while let Ok((socket, _)) = listener.accept().await {
        let service = service.clone();
        tokio::spawn(async move {
            // Whoever goes away in the middle is nobody's loss.
            let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), service).await;
        });
    }
}
