//! The command line: `serve`, `migrate`, `openapi`, `keys …`, `blocks …`, `accounts …`, `log …`, and
//! the generated pages.

use std::{fmt::Write as _, io::Write, path::PathBuf, process::ExitCode, time::Duration};

use chrono::TimeDelta;
use clap::{Parser, Subcommand, ValueEnum};
use rustix::process::{Resource, getrlimit, setrlimit};
use secrecy::ExposeSecret;

use crate::{
    config::{self, Config, ConfigError},
    db::{Db, StorageError},
    domain::{
        account::StateReason,
        ban::BanGround,
        block::{BlockReason, BlockTarget},
        data_dictionary::PROFILE_EMAIL,
        email::Email,
        evidence::Act,
        ids::{AccountId, BanId, BlockId},
        operation::operation_page,
        personal::Personal,
    },
    openapi::{self, ContractError},
    problem::codes,
    repositories::{account_emails, accounts, key_checks, leases, log as leaves, profiles, subject_keys},
    server::{self, StartError, Stores},
    services::{
        accounts::AccountError,
        blocks::BlockError,
        clock::Clock,
        idempotency::Recording,
        images,
        kyc::KycError,
        log::{
            LeafDraft,
            checkpoint::{CheckpointError, Trusted},
            copy::LogCopy,
            promise,
            proof_file::{ProofFault, ProofFile},
            proofs::ProofError,
            restore::Restored,
            sequencer::LogError,
            verify::{Against, VerifyError, verify},
        },
        profiles::profile_row,
        rights::RightsError,
        staff::StaffError,
        transports::TransportSettings,
        vault::{
            Vault, VaultError, epochs,
            kms::{KeyPurpose, Kms, KmsError},
        },
    },
    telemetry,
};

/// Keeps the promises of a privacy policy. Settings come from the environment; see .env.example.
#[derive(Parser)]
#[command(name = "smart-mining", version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API (the default).
    Serve,
    /// Bring both stores up to date.
    Migrate,
    /// Print the contract, openapi.yaml.
    Openapi,
    /// Print docs/errors.md.
    Errors,
    /// Print docs/operation-table.md.
    Operations,
    /// Print .env.example.
    EnvExample,
    /// Decode a file and encode what it shows; the service starts this for every file that is handed in.
    #[command(hide = true)]
    CleanImage {
        /// Take PDF too.
        #[arg(long)]
        pdf: bool,
    },
    /// Take away sealed files that no row names, as the service does every hour.
    SweepFiles {
        /// Only files that are older than this, in seconds: no upload takes as long as an hour.
        #[arg(long, default_value_t = 3_600)]
        older_than: u32,
    },
    /// Look after the master keys.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Turn addresses, networks and devices away for a while (clause 2.4).
    #[command(subcommand)]
    Blocks(BlocksCommand),
    /// Restrict an account, or lift the restriction.
    #[command(subcommand)]
    Accounts(AccountsCommand),
    /// Begin with staff.
    #[command(subcommand)]
    Staff(StaffCommand),
    /// Verify the tamper-evident log, or reopen it after its database was restored.
    #[command(subcommand)]
    Log(LogCommand),
}

#[derive(Subcommand)]
enum StaffCommand {
    /// Invite the two first admins, once: prints a token for each, good for 72 hours.
    Bootstrap {
        /// The address of the first.
        first: String,
        /// The address of the second.
        second: String,
    },
}

#[derive(Subcommand)]
enum LogCommand {
    /// Hold the log against itself, against what was signed, and against every row of evidence.
    ///
    /// Works offline on a copy of the database: it opens that alone, and needs no key but public
    /// ones. Exits with 1 and names the first bad entry if anything is wrong.
    Verify {
        /// The database; the one of the settings if not given.
        #[arg(long)]
        database: Option<String>,
        /// A key that may have signed (C2SP: `NAME+HASH+KEY`), as `log keys` prints them; more than one may be given.
        #[arg(long = "public-key", required = true)]
        public_keys: Vec<String>,
        /// A checkpoint that was kept from before: the log must begin with it.
        #[arg(long)]
        checkpoint: Option<PathBuf>,
        /// The folder of the copy outside the database.
        #[arg(long)]
        copy: Option<PathBuf>,
        /// A promise that came with an answer (`Log-Promise`), in a file.
        #[arg(long = "receipt")]
        receipts: Vec<PathBuf>,
    },
    /// Verify a proof file (`get_disclosure_proof`) offline: no database, no service, no key but public ones.
    VerifyProof {
        /// The file.
        file: PathBuf,
        /// A key that may have signed, as `log keys` prints them; more than one may be given.
        #[arg(long = "public-key", required = true)]
        public_keys: Vec<String>,
    },
    /// Print the keys that verify the log's checkpoints and promises.
    Keys,
    /// Print the newest checkpoint.
    Checkpoint,
    /// Make the log whole after the database was restored, for all to see: leaves come back from the copy, and a
    /// leaf names what was lost, and why. Where leaves are gone, a new lineage begins.
    Reopen {
        #[arg(long)]
        reason: String,
    },
}

#[derive(Subcommand)]
enum BlocksCommand {
    /// Show the entries in force.
    List,
    /// Turn somebody away; an entry of the same target is replaced. A running service knows within seconds.
    Add {
        /// An address, a network in CIDR notation, or a device (`dev_…`).
        target: String,
        #[arg(long, value_enum)]
        reason: ReasonArg,
        /// How long, in hours.
        #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u16).range(1..=8_760))]
        hours: u16,
    },
    /// Let somebody in again.
    Remove {
        /// The entry (`blk_…`).
        block_id: BlockId,
    },
}

#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum ReasonArg {
    Spam,
    Phishing,
    DenialOfService,
    CredentialStuffing,
    Fraud,
}

impl From<ReasonArg> for BlockReason {
    fn from(reason: ReasonArg) -> Self {
        match reason {
            ReasonArg::Spam => Self::Spam,
            ReasonArg::Phishing => Self::Phishing,
            ReasonArg::DenialOfService => Self::DenialOfService,
            ReasonArg::CredentialStuffing => Self::CredentialStuffing,
            ReasonArg::Fraud => Self::Fraud,
        }
    }
}

#[derive(Subcommand)]
enum AccountsCommand {
    /// Restrict an account for a security review: its person reads and uses rights, and is told.
    Restrict { account_id: AccountId },
    /// Lift the restriction, also that of a ban; the person is told.
    Lift { account_id: AccountId },
    /// Ban a person: the account is restricted, and whoever had it is recognised by address and documents until the end.
    Ban {
        account_id: AccountId,
        #[arg(long, value_enum)]
        ground: BanGroundArg,
        /// How long.
        #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1830))]
        days: u16,
    },
    /// Show the bans, the one that ends first before the others.
    Bans,
    /// End a ban before its time, also where the person was erased.
    EndBan { ban_id: BanId },
}

#[derive(Clone, Copy, ValueEnum)]
enum BanGroundArg {
    Abuse,
    Fraud,
}

impl From<BanGroundArg> for BanGround {
    fn from(ground: BanGroundArg) -> Self {
        match ground {
            BanGroundArg::Abuse => Self::Abuse,
            BanGroundArg::Fraud => Self::Fraud,
        }
    }
}

#[derive(Subcommand)]
enum KeysCommand {
    /// Show every key's purpose, version, state and how much still rests on it.
    Status,
    /// Make a new version of a key and move what can be moved to it; the service may run on.
    Rotate {
        #[arg(value_enum)]
        purpose: PurposeArg,
    },
    /// Destroy the versions of the key-encryption key that wrap nothing any more, once every copy of the key store from
    /// their time has to be gone.
    DestroyPast,
}

#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum PurposeArg {
    Kek,
    System,
    EmailIndex,
    PhoneIndex,
    DocumentIndex,
    BanMark,
    Pepper,
    TokenMac,
    PersonToken,
    StaffToken,
    PartnerToken,
    Log,
    Receipt,
    Package,
}

impl From<PurposeArg> for KeyPurpose {
    fn from(purpose: PurposeArg) -> Self {
        match purpose {
            PurposeArg::Kek => Self::Kek,
            PurposeArg::System => Self::System,
            PurposeArg::EmailIndex => Self::EmailIndex,
            PurposeArg::PhoneIndex => Self::PhoneIndex,
            PurposeArg::DocumentIndex => Self::DocumentIndex,
            PurposeArg::BanMark => Self::BanMark,
            PurposeArg::Pepper => Self::Pepper,
            PurposeArg::TokenMac => Self::TokenMac,
            PurposeArg::PersonToken => Self::PersonToken,
            PurposeArg::StaffToken => Self::StaffToken,
            PurposeArg::PartnerToken => Self::PartnerToken,
            PurposeArg::Log => Self::Log,
            PurposeArg::Receipt => Self::Receipt,
            PurposeArg::Package => Self::Package,
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum CommandError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Contract(#[from] ContractError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Rights(#[from] RightsError),
    #[error(transparent)]
    Kms(#[from] KmsError),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Blocks(#[from] BlockError),
    #[error(transparent)]
    Account(#[from] AccountError),
    #[error("that is neither an address, a network nor a device")]
    Target,
    #[error("that is not an address")]
    Address,
    #[error(transparent)]
    Staff(#[from] StaffError),
    #[error(transparent)]
    Kyc(#[from] KycError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Proof(#[from] ProofError),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error(transparent)]
    Verify(#[from] VerifyError),
    #[error(transparent)]
    ProofFile(#[from] ProofFault),
    #[error("{} is not a promise that a key given has signed", .0.display())]
    Receipt(PathBuf),
    /// Printed already.
    #[error("the log does not verify")]
    Unverified,
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Parses the command line and does what it says.
pub fn main() -> ExitCode {
    // Whatever is written is for the service's user alone, in a folder that others may enter too.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    raise_file_limit();
    let command = Cli::parse().command.unwrap_or(Command::Serve);
    match run(&command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "smart-mining: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A connection is a file; the soft limit that shells start with is soon used up.
fn raise_file_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Without it the service still serves, only fewer at once.
    let _ = setrlimit(Resource::Nofile, limit);
}

fn run(command: &Command) -> Result<(), CommandError> {
    match command {
        Command::Openapi => return print(&openapi::yaml()?),
        Command::Errors => return print(&codes::errors_page()),
        Command::Operations => return print(&operation_page()),
        Command::EnvExample => return print(&config::env_example()),
        Command::CleanImage { pdf } => return Ok(images::run_as_child(*pdf)?),
        Command::Serve
        | Command::Migrate
        | Command::SweepFiles { .. }
        | Command::Keys(_)
        | Command::Blocks(_)
        | Command::Accounts(_)
        | Command::Staff(_)
        | Command::Log(_) => {}
    }
    let config = Config::from_environment()?;
    telemetry::start(config.log_format, &config.log_level);
    // One provider for every TLS client of the process; a second call finds it there.
    drop(rustls::crypto::ring::default_provider().install_default());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        match command {
            Command::Migrate => server::migrate(&config).map_err(CommandError::from),
            Command::SweepFiles { older_than } => sweep_files(&config, *older_than).await,
            Command::Keys(KeysCommand::Status) => keys_status(&config).await,
            Command::Keys(KeysCommand::Rotate { purpose }) => keys_rotate(&config, (*purpose).into()).await,
            Command::Keys(KeysCommand::DestroyPast) => keys_destroy_past(&config).await,
            Command::Blocks(command) => look_after_blocks(&config, command).await,
            Command::Accounts(command) => look_after_accounts(&config, command).await,
            Command::Staff(StaffCommand::Bootstrap { first, second }) => {
                bootstrap(&config, first, second).await
            }
            Command::Log(command) => look_after_log(&config, command).await,
            _ => serve(&config).await,
        }
    })
}

async fn sweep_files(config: &Config, older_than: u32) -> Result<(), CommandError> {
    let clock = Clock::system();
    let before = clock.now().minus(TimeDelta::seconds(older_than.into()));
    let swept = server::open_services(config, clock).await?.kyc.sweep_files(before).await?;
    print(&format!("{swept} files that no row names were taken away\n"))
}

fn print(text: &str) -> Result<(), CommandError> {
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

async fn serve(config: &Config) -> Result<(), CommandError> {
    let running = server::start(config, Clock::system()).await?;
    let mut words = format!(
        "Smart-mining privacy service {}\n  API      http://{}\n  Docs     http://{}/docs/\n",
        env!("CARGO_PKG_VERSION"),
        running.address,
        running.address,
    );
    if let Some(address) = running.operator_address {
        let _ = writeln!(words, "  Operator http://{address}/metrics");
    }
    if let TransportSettings::File(folder) = &config.mail {
        let _ = writeln!(words, "  Outbox   {}", folder.display());
    }
    print(&words)?;
    Ok(running.until_signalled().await?)
}

async fn look_after_blocks(config: &Config, command: &BlocksCommand) -> Result<(), CommandError> {
    let clock = Clock::system();
    let blocks = server::open_services(config, clock.clone()).await?.blocks;
    match command {
        BlocksCommand::List => {
            let mut page = String::new();
            for block in blocks.list().await? {
                let _ = writeln!(
                    page,
                    "{}  {:<39}  {:<19}  until {}",
                    block.id,
                    block.target.to_string(),
                    block.reason.as_str(),
                    block.expires_at,
                );
            }
            print(&page)
        }
        BlocksCommand::Add { target, reason, hours } => {
            let target = BlockTarget::parse(target).ok_or(CommandError::Target)?;
            let expires_at = clock.now().plus(TimeDelta::hours((*hours).into()));
            let block = blocks.add(target, (*reason).into(), expires_at).await?;
            print(&format!("{} until {}\n", block.id, block.expires_at))
        }
        BlocksCommand::Remove { block_id } => Ok(blocks.remove(*block_id).await?),
    }
}

async fn look_after_accounts(config: &Config, command: &AccountsCommand) -> Result<(), CommandError> {
    let server::Services { accounts, kyc, .. } = server::open_services(config, Clock::system()).await?;
    let (id, reason) = match command {
        AccountsCommand::Ban { account_id, ground, days } => {
            let documents = kyc.document_keys(*account_id).await?;
            let lasts = TimeDelta::days((*days).into());
            let ban = accounts.ban(*account_id, ((*ground).into(), lasts), &documents).await?;
            return print(&format!("{} {account_id} until {}\n", ban.id, ban.ends_at));
        }
        AccountsCommand::Bans => {
            let mut page = String::new();
            for ban in accounts.bans().await? {
                let whose = ban.account_id.map_or_else(|| "erased".to_owned(), |id| id.to_string());
                let _ = writeln!(
                    page,
                    "{}  {whose:<36}  {:<6}  until {}",
                    ban.id,
                    ban.ground.as_str(),
                    ban.ends_at
                );
            }
            return print(&page);
        }
        AccountsCommand::EndBan { ban_id } => return Ok(accounts.end_ban(*ban_id).await?),
        AccountsCommand::Restrict { account_id } => (*account_id, StateReason::SecurityReview),
        AccountsCommand::Lift { account_id } => (*account_id, StateReason::RestrictionLifted),
    };
    let unrecorded = Recording::none();
    let standing = accounts.change_state(id, reason, None, unrecorded).await?;
    print(&format!("{id} is {} since {}\n", standing.state.as_str(), standing.since))
}

async fn bootstrap(config: &Config, first: &str, second: &str) -> Result<(), CommandError> {
    let email = |text: &str| text.parse::<Email>().map_err(|_| CommandError::Address);
    let staff = server::open_services(config, Clock::system()).await?.staff;
    let mut page = String::new();
    for (email, token) in staff.bootstrap([email(first)?, email(second)?]).await? {
        let _ = writeln!(page, "{}  {}", email.expose(), token.expose_secret());
    }
    print(&page)
}

async fn look_after_log(config: &Config, command: &LogCommand) -> Result<(), CommandError> {
    let clock = Clock::system();
    match command {
        LogCommand::Verify { database, public_keys, checkpoint, copy, receipts } => {
            let mut settings = config.database.clone();
            if let Some(url) = database {
                settings.url = url.clone().into();
            }
            let trusted = Trusted::new(public_keys)?;
            let promises = receipts
                .iter()
                .map(|path| {
                    let text = std::fs::read_to_string(path)?;
                    promise::open(&trusted, &text).ok_or_else(|| CommandError::Receipt(path.clone()))
                })
                .collect::<Result<Vec<_>, _>>()?;
            let against = Against {
                trusted,
                checkpoint: checkpoint.as_ref().map(std::fs::read_to_string).transpose()?,
                copy: copy.as_ref().map(|folder| LogCopy::at(folder)),
                promises,
                now: clock.now(),
                live: false,
            };
            verify_log(&Db::open(&settings)?, &against).await
        }
        LogCommand::VerifyProof { file, public_keys } => {
            let proven = ProofFile::verify(&std::fs::read_to_string(file)?, &Trusted::new(public_keys)?)?;
            let mut page = String::new();
            for (leaf, facts) in proven {
                let _ = writeln!(page, "{}  {} {} (clause {})", leaf.at, leaf.act, leaf.object, leaf.clause);
                for fact in facts {
                    let _ = writeln!(page, "    {}: {}", fact.name, fact.value);
                }
            }
            print(&page)
        }
        LogCommand::Keys => {
            let log = server::open_services(config, clock).await?.log;
            print(&(log.sequencer().all_verifier_keys().await?.join("\n") + "\n"))
        }
        LogCommand::Checkpoint => {
            let log = server::open_services(config, clock).await?.log;
            print(&log.checkpoint().await?.note)
        }
        LogCommand::Reopen { reason } => reopen_log(config, clock, reason).await,
    }
}

async fn reopen_log(config: &Config, clock: Clock, reason: &str) -> Result<(), CommandError> {
    let services = server::open_services(config, clock).await?;
    let sequencer = services.log.sequencer();
    sequencer.find_rollback().await?;
    // Before anybody is served: who was erased stays erased.
    let (erased, persons) = services.rights.replay_erasures().await?;
    let goes_on = match sequencer.restore(reason, (erased, persons)).await? {
        Restored::Replayed { origin, leaves } => {
            format!("{} goes on: {leaves} leaves came back from the copy", origin.name)
        }
        Restored::Reopened { origin } => {
            format!(
                "the copy does not lead to what was signed: {} goes on from entry {}",
                origin.name, origin.first_seq
            )
        }
    };
    print(&format!("{goes_on}; {persons} persons erased anew, {erased} categories of data\n"))
}

async fn verify_log(db: &Db, against: &Against) -> Result<(), CommandError> {
    let report = verify(db, against).await?;
    let mut page = String::new();
    for finding in &report.findings {
        let _ = match finding.seq {
            Some(seq) => writeln!(page, "entry {seq}: {}", finding.what),
            None => writeln!(page, "{}", finding.what),
        };
    }
    let _ = writeln!(
        page,
        "{} entries, {} checkpoints, {} rows of evidence, {} lost at restores: {}",
        report.entries,
        report.checkpoints,
        report.rows,
        report.lost,
        if report.findings.is_empty() { "whole" } else { "NOT WHOLE" },
    );
    print(&page)?;
    if report.findings.is_empty() { Ok(()) } else { Err(CommandError::Unverified) }
}

async fn keys_status(config: &Config) -> Result<(), CommandError> {
    let clock = Clock::system();
    let stores = server::open_stores(config, &clock).await?;
    let kms = server::open_kms(config, &stores.data, &clock).await?;
    let wrapped = stores.keys.read_long(subject_keys::count_by_kek).await?;
    let mut page =
        String::from("purpose         version  state         created                      keys wrapped\n");
    for key in kms.facts() {
        let count = wrapped
            .iter()
            .find(|(version, _)| key.purpose == KeyPurpose::Kek && u32::try_from(*version) == Ok(key.version))
            .map_or_else(|| "-".to_owned(), |(_, count)| count.to_string());
        let _ = writeln!(
            page,
            "{:<15} {:>7}  {:<12}  {}  {count}",
            key.purpose.as_str(),
            key.version,
            key.state.as_str(),
            key.created_at,
        );
    }
    print(&page)
}

async fn keys_rotate(config: &Config, purpose: KeyPurpose) -> Result<(), CommandError> {
    let clock = Clock::system();
    let stores = server::open_stores(config, &clock).await?;
    let kms = server::open_kms(config, &stores.data, &clock).await?;
    let version = kms.rotate(purpose, clock.now())?;
    record_rotation(&stores, &kms, purpose, version, &clock).await?;
    print(&format!("{} is at version {version}\n", purpose.as_str()))?;
    match purpose {
        KeyPurpose::Kek => rewrap(&stores, &kms, version).await,
        KeyPurpose::EmailIndex => {
            await_reload(&stores, &clock).await?;
            backfill_email_index(&stores, Vault::new(kms, stores.keys.clone()), version).await
        }
        // Password hashes move at the next sign-in; tokens, cookies and blocks live out their time.
        // The old key of the log signs the next checkpoint beside the new one.
        KeyPurpose::System
        | KeyPurpose::PhoneIndex
        | KeyPurpose::DocumentIndex
        | KeyPurpose::BanMark
        | KeyPurpose::Pepper
        | KeyPurpose::TokenMac
        | KeyPurpose::PersonToken
        | KeyPurpose::StaffToken
        | KeyPurpose::PartnerToken
        | KeyPurpose::Log
        | KeyPurpose::Receipt
        | KeyPurpose::Package => Ok(()),
    }
}

async fn keys_destroy_past(config: &Config) -> Result<(), CommandError> {
    let clock = Clock::system();
    let stores = server::open_stores(config, &clock).await?;
    let kms = server::open_kms(config, &stores.data, &clock).await?;
    let now = clock.now();
    let before = now.minus(config.key_copies_live);
    let past = epochs::destroy_past((&stores.data, &stores.keys), &kms, before, now).await?;
    let past: Vec<String> = past.iter().map(u32::to_string).collect();
    print(&format!(
        "destroyed versions of kek: {}\n",
        if past.is_empty() { "none".to_owned() } else { past.join(", ") }
    ))
}

async fn record_rotation(
    stores: &Stores,
    kms: &Kms,
    purpose: KeyPurpose,
    version: u32,
    clock: &Clock,
) -> Result<(), CommandError> {
    let value = kms.check_value(purpose, version)?;
    let facts = vec![("purpose", purpose.as_str().to_owned()), ("version", version.to_string())];
    let leaf = LeafDraft::new(clock.now())?.of_service(&KEY_ROTATED, &facts);
    stores
        .data
        .write(move |c| {
            leaves::append(c, &leaf)?;
            key_checks::insert(c, purpose.as_str(), version, &value)
        })
        .await?;
    Ok(())
}

const KEY_ROTATED: Act = Act { name: "key.rotated", object: "key", clause: "5.3" };

/// Wraps every key of a person anew; a crash leaves some under the old version, and the next run goes on.
async fn rewrap(stores: &Stores, kms: &Kms, version: u32) -> Result<(), CommandError> {
    let mut moved = 0_usize;
    loop {
        let batch =
            stores.keys.read_long(move |c| subject_keys::list_wrapped_otherwise(c, version, 500)).await?;
        if batch.is_empty() {
            return print(&format!("{moved} keys of persons wrapped anew\n"));
        }
        moved += batch.len();
        let mut fresh = Vec::with_capacity(batch.len());
        for old in batch {
            let context: [&[u8]; 2] = [old.account_id.as_bytes(), old.category.as_str().as_bytes()];
            let key = kms.unwrap_key(KeyPurpose::Kek, old.kek_version, &context, &old.wrapped)?;
            let (kek_version, wrapped) = kms.wrap(KeyPurpose::Kek, &context, key.as_slice())?;
            fresh.push((old, kek_version, wrapped));
        }
        stores
            .keys
            .write(move |c| {
                for (old, kek_version, wrapped) in &fresh {
                    subject_keys::rewrap(c, old, *kek_version, wrapped)?;
                }
                Ok::<_, StorageError>(())
            })
            .await?;
    }
}

/// A running service reads the key file every half minute; until then it writes the old index alone.
async fn await_reload(stores: &Stores, clock: &Clock) -> Result<(), CommandError> {
    let now = clock.now();
    if stores.data.read(move |c| leases::is_held(c, now)).await? {
        print("the service runs: waiting 40 s until it knows the new key\n")?;
        tokio::time::sleep(Duration::from_secs(40)).await;
    }
    Ok(())
}

async fn backfill_email_index(stores: &Stores, vault: Vault, version: u32) -> Result<(), CommandError> {
    let (mut cursor, mut added) = (None, 0_usize);
    loop {
        let ids = stores.data.read_long(move |c| accounts::list_ids(c, cursor, 500)).await?;
        let Some(last) = ids.last().copied() else {
            return print(&format!("{added} addresses indexed anew\n"));
        };
        cursor = Some(last);
        for id in ids {
            let (known, email) = stores
                .data
                .read_long(move |c| {
                    Ok::<_, StorageError>((
                        account_emails::has_version(c, id, version)?,
                        profiles::find_email(c, id)?,
                    ))
                })
                .await?;
            // Erased, or indexed by the running service meanwhile.
            let Some((profile_version, email)) = email.filter(|_| !known) else { continue };
            let keys = vault.keys_of(id).await?;
            let email = keys.open(&PROFILE_EMAIL, profile_row(id, profile_version).row(), &email)?;
            let mut indexes = vault.blind_indexes(KeyPurpose::EmailIndex, email.expose());
            indexes.retain(|(of, _)| *of == version);
            match stores.data.write(move |c| account_emails::insert(c, id, &indexes)).await {
                Ok(()) => added += 1,
                Err(StorageError::Duplicate { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
