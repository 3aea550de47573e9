//! What the machine allows: a bare actix handler, and Argon2id on every core. The bench holds the
//! service against both.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a tool for measuring: it tells what it found, and ends where it cannot"
)]

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use actix_web::{App, HttpResponse, HttpServer, get};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use clap::{Parser, Subcommand};
use serde::Serialize;

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves one JSON object of an account's size, and nothing else.
    Bare {
        #[arg(long)]
        workers: usize,
    },
    /// Hashes on so many threads at once, and prints hashes per second.
    Argon2 {
        #[arg(long)]
        memory_kib: u32,
        #[arg(long)]
        iterations: u32,
        #[arg(long)]
        threads: usize,
        #[arg(long)]
        seconds: u64,
    },
}

fn main() -> std::io::Result<()> {
    match Cli::parse().command {
        Command::Bare { workers } => bare(workers),
        Command::Argon2 { memory_kib, iterations, threads, seconds } => {
            println!("{:.3}", hashes_per_second(memory_kib, iterations, threads, seconds));
            Ok(())
        }
    }
}

#[derive(Serialize)]
struct Answer {
    account_id: &'static str,
    state: &'static str,
    real_name: &'static str,
    display_name: Option<&'static str>,
    email: &'static str,
    email_verified_at: &'static str,
    phone: Option<&'static str>,
    phone_verified_at: Option<&'static str>,
    language: &'static str,
    time_zone: Option<&'static str>,
    confirmed_at: Option<&'static str>,
    updated_at: &'static str,
}

#[get("/")]
async fn account() -> HttpResponse {
    HttpResponse::Ok().json(Answer {
        account_id: "acc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
        state: "active",
        real_name: "Ada Lovelace",
        display_name: None,
        email: "ada@example.org",
        email_verified_at: "2026-03-01T09:31:12.000000Z",
        phone: None,
        phone_verified_at: None,
        language: "en-NZ",
        time_zone: None,
        confirmed_at: None,
        updated_at: "2026-03-01T09:31:12.000000Z",
    })
}

#[actix_web::main]
async fn bare(workers: usize) -> std::io::Result<()> {
    let server = HttpServer::new(|| App::new().service(account)).workers(workers).bind("127.0.0.1:0")?;
    let address = server.addrs().first().copied().expect("an address");
    println!("http://{address}");
    server.run().await
}

fn hashes_per_second(memory_kib: u32, iterations: u32, threads: usize, seconds: u64) -> f64 {
    let params = Params::new(memory_kib, iterations, 1, Some(32)).expect("a cost that Argon2 takes");
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let (done, begun) = (AtomicU64::new(0), Instant::now());
    let until = begun + Duration::from_secs(seconds);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut out = [0; 32];
                let mut memory = vec![Block::default(); argon2.params().block_count()];
                while Instant::now() < until {
                    argon2
                        .hash_password_into_with_memory(
                            b"seven violins at dawn",
                            b"sixteen bytes of",
                            &mut out,
                            &mut memory,
                        )
                        .expect("a hash");
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let count = u32::try_from(done.load(Ordering::Relaxed)).expect("not so many");
    f64::from(count) / begun.elapsed().as_secs_f64()
}
