//! The composition root: configuration in, running service out.

use std::{net::SocketAddr, os::unix::fs::DirBuilderExt, sync::Arc};

use actix_cors::Cors;
use actix_web::{
    App, HttpServer,
    dev::ServerHandle,
    http::header,
    middleware::{Condition, from_fn},
    web::{self, Data},
};
use chrono::TimeDelta;
use secrecy::ExposeSecret;
use tokio::{sync::watch, task::JoinHandle};
use utoipa_actix_web::AppExt;

use crate::{
    config::{Config, HttpConfig},
    db::{
        self, Backend, Db, StorageError,
        migrate::{self, MigrationError},
    },
    domain::ids::InstallationId,
    handlers::{self, ContractText, Edge, Reference, archive::PersonalContents},
    openapi::{self, ContractError},
    repositories::{key_checks, store_identity},
    services::{
        accounts::AccountService,
        blocks::{BlockError, BlockService},
        clock::Clock,
        consents::ConsentService,
        disclosures::DisclosureService,
        erasure::ErasureService,
        files::{FileError, FileSettings, FileStore},
        idempotency::IdempotencyService,
        images::ImageService,
        instruments::InstrumentService,
        jobs::JobRunner,
        kyc::KycService,
        log::{
            LogService,
            copy::LogCopy,
            sequencer::{LogError, Sequencer},
        },
        mailing::Links,
        notices::{Campaigns, NoticeService},
        obligations::ObligationService,
        outbox::OutboxService,
        partners::PartnerService,
        passwords::{HashingError, Passwords},
        places::{Places, UnusablePlaces},
        policies::{PolicyError, PolicyService},
        reads::ReadBudget,
        recipients::RecipientService,
        reports::ReportService,
        retention::RetentionService,
        rights::RightsService,
        sessions::SessionService,
        staff::StaffService,
        support::SupportService,
        throttles::Throttles,
        tokens::access::{AccessTokens, OfPerson},
        transparency::TransparencyService,
        transports::{Transport, UnusableTransport},
        vault::{
            Vault,
            kms::{Kms, KmsError},
        },
        webhooks::{WebhookClient, WebhookService},
    },
};

/// Why the service does not run.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the data folder cannot be made")]
    DataFolder(#[source] std::io::Error),
    #[error(transparent)]
    Migration(#[from] MigrationError),
    #[error("a migration is pending: run `smart-mining migrate` with the owners' URLs")]
    MigrationPending,
    #[error("the data and the key store are not of one installation: look at DATABASE_URL and KEY_STORE_URL")]
    StrangeStores,
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Kms(#[from] KmsError),
    #[error("the key file is not the one that this database was sealed under ({purpose} {version})")]
    WrongKeyFile { purpose: String, version: i32 },
    #[error(transparent)]
    Transport(#[from] UnusableTransport),
    #[error(transparent)]
    Hashing(#[from] HashingError),
    #[error(transparent)]
    Files(#[from] FileError),
    #[error("the program that decodes files cannot be found")]
    Images(#[source] std::io::Error),
    #[error(transparent)]
    Places(#[from] UnusablePlaces),
    #[error(transparent)]
    Blocks(#[from] BlockError),
    #[error(transparent)]
    Policy(#[from] PolicyError),
    #[error(transparent)]
    Contract(#[from] ContractError),
    #[error("{0}: if the database was restored, `smart-mining log reopen --reason …`")]
    Log(#[from] LogError),
    #[error("the folder of the log's copy cannot be made")]
    LogCopy(#[source] std::io::Error),
    #[error("the address cannot be listened on: {0}")]
    Listen(#[source] std::io::Error),
}

/// What handlers reach.
#[derive(Clone)]
pub struct Services {
    pub accounts: AccountService,
    pub sessions: SessionService,
    pub policies: PolicyService,
    pub consents: ConsentService,
    pub notices: NoticeService,
    pub kyc: KycService,
    pub disclosures: DisclosureService,
    pub recipients: RecipientService,
    pub instruments: InstrumentService,
    pub obligations: ObligationService,
    pub webhooks: WebhookService,
    pub reports: ReportService,
    pub transparency: TransparencyService,
    pub rights: RightsService,
    pub retention: RetentionService,
    pub idempotency: IdempotencyService,
    pub blocks: BlockService,
    pub log: LogService,
    pub staff: StaffService,
    pub support: SupportService,
    pub partners: PartnerService,
    pub access: AccessTokens<OfPerson>,
    pub vault: Vault,
    pub clock: Clock,
    stores: Stores,
}

impl Services {
    /// Whether both stores answer.
    ///
    /// # Errors
    ///
    /// [`StorageError::Unavailable`] if one does not.
    pub async fn ready(&self) -> Result<(), StorageError> {
        self.stores.data.read(db::ping).await?;
        self.stores.keys.read(db::ping).await
    }
}

/// The two stores, apart from each other.
#[derive(Clone)]
pub struct Stores {
    pub data: Db,
    pub keys: Db,
}

/// A service that answers.
pub struct Running {
    pub address: SocketAddr,
    pub operator_address: Option<SocketAddr>,
    handle: ServerHandle,
    served: JoinHandle<std::io::Result<()>>,
    operator: Option<ServerHandle>,
    jobs: (watch::Sender<bool>, JoinHandle<()>),
}

impl Running {
    /// Serves until a signal comes, then lets requests under way finish.
    ///
    /// # Errors
    ///
    /// What the listener says.
    pub async fn until_signalled(self) -> std::io::Result<()> {
        let outcome = self.served.await.unwrap_or(Ok(()));
        Self::wind_down(self.operator, self.jobs).await;
        outcome
    }

    /// Stops now, letting requests under way finish.
    pub async fn stop(self) {
        self.handle.stop(true).await;
        Self::wind_down(self.operator, self.jobs).await;
    }

    async fn wind_down(operator: Option<ServerHandle>, (stop, jobs): (watch::Sender<bool>, JoinHandle<()>)) {
        if let Some(operator) = operator {
            operator.stop(false).await;
        }
        // Either may have ended before; then there is nothing left to stop.
        let _ = stop.send(true);
        let _ = jobs.await;
    }
}

/// Brings both stores up to date.
///
/// # Errors
///
/// [`StartError`], saying what is missing.
pub fn migrate(config: &Config) -> Result<(), StartError> {
    make_folders(config).map_err(StartError::DataFolder)?;
    migrate::run(&config.database, config.database_owner.as_ref())?;
    migrate::run(&config.key_store, config.key_store_owner.as_ref())?;
    Ok(())
}

/// Opens both stores and makes sure that they belong together.
///
/// They are brought up to date first, except in production without the owners' URLs: there a
/// process that serves has no right to, and a pending migration stops it.
///
/// # Errors
///
/// [`StartError`], saying what is missing.
pub async fn open_stores(config: &Config, clock: &Clock) -> Result<Stores, StartError> {
    if config.migrates_itself() {
        migrate(config)?;
    } else if migrate::is_pending(&config.database)? || migrate::is_pending(&config.key_store)? {
        return Err(StartError::MigrationPending);
    }
    let stores = Stores { data: Db::open(&config.database)?, keys: Db::open(&config.key_store)? };
    pair(&stores, clock).await?;
    Ok(stores)
}

/// Keys of other data must never be swept, and data whose keys are elsewhere must never be extended.
async fn pair(stores: &Stores, clock: &Clock) -> Result<(), StartError> {
    let (data, keys) =
        (stores.data.read(store_identity::find).await?, stores.keys.read(store_identity::find).await?);
    let id = match (data, keys) {
        (Some(data), Some(keys)) if data == keys => return Ok(()),
        // A first start, or one that was cut off between the two stores.
        (None, None) => InstallationId::generate(clock.now()),
        (None, Some(keys)) if !stores.keys.read(store_identity::has_keys).await? => keys,
        _ => return Err(StartError::StrangeStores),
    };
    let of_keys = stores.keys.write(move |c| store_identity::settle(c, id)).await?;
    let of_data = stores.data.write(move |c| store_identity::settle(c, of_keys)).await?;
    if of_data == of_keys { Ok(()) } else { Err(StartError::StrangeStores) }
}

/// Folders that only the service's user can enter.
fn make_folders(config: &Config) -> std::io::Result<()> {
    let mut folders = vec![config.data_dir.clone()];
    folders.extend(config.key_file.parent().map(ToOwned::to_owned));
    if let FileSettings::Folder(folder) = &config.files {
        folders.push(folder.clone());
    }
    for store in [&config.database, &config.key_store] {
        if Backend::of(store.url.expose_secret()).is_ok_and(|backend| backend == Backend::Sqlite) {
            folders.extend(db::sqlite_file(&store.url).parent().map(ToOwned::to_owned));
        }
    }
    for folder in folders.iter().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    Ok(())
}

/// Opens the key file, if it is the one that the data was sealed under.
///
/// # Errors
///
/// [`StartError::WrongKeyFile`]: nothing must be sealed under keys that cannot open the rest.
pub async fn open_kms(config: &Config, data: &Db, clock: &Clock) -> Result<Arc<Kms>, StartError> {
    let recorded = data.read(key_checks::list).await?;
    if let Some((purpose, version, _)) = recorded.first()
        && !config.key_file.exists()
    {
        return Err(StartError::WrongKeyFile { purpose: purpose.clone(), version: *version });
    }
    let kms = Arc::new(Kms::open(&config.key_file, clock.now())?);
    let checks: Vec<_> = kms
        .facts()
        .into_iter()
        .map(|key| Ok((key.purpose.as_str(), key.version, kms.check_value(key.purpose, key.version)?)))
        .collect::<Result<_, KmsError>>()?;
    let own = checks.clone();
    let recorded = data
        .write(move |c| {
            for (purpose, version, value) in &own {
                key_checks::insert(c, purpose, *version, value)?;
            }
            key_checks::list(c)
        })
        .await?;
    // Read back after writing: another process may have recorded its own key of this version first.
    for (purpose, version, known) in recorded {
        let is_same = |(p, v, value): &&(&str, u32, Vec<u8>)| {
            *p == purpose && u32::try_from(version) == Ok(*v) && *value == known
        };
        if !checks.iter().any(|check| is_same(&check)) {
            return Err(StartError::WrongKeyFile { purpose, version });
        }
    }
    Ok(kms)
}

/// Opens everything that a command needs; nothing listens, and no job runs.
///
/// # Errors
///
/// [`StartError`], saying what is missing.
pub async fn open_services(config: &Config, clock: Clock) -> Result<Services, StartError> {
    let stores = open_stores(config, &clock).await?;
    let kms = open_kms(config, &stores.data, &clock).await?;
    Ok(compose(config, clock, stores, kms)?.0)
}

/// Starts everything; it answers when this returns.
///
/// # Errors
///
/// [`StartError`], saying what is missing.
pub async fn start(config: &Config, clock: Clock) -> Result<Running, StartError> {
    let stores = open_stores(config, &clock).await?;
    let kms = open_kms(config, &stores.data, &clock).await?;
    let (services, jobs) = compose(config, clock, stores, kms)?;
    jobs.sequencer.open().await?;
    services.policies.publish_first().await?;
    services.blocks.reload().await?;
    let services = Data::new(services);
    let (stop, stopped) = watch::channel(false);
    let jobs = tokio::spawn(jobs.run(stopped));

    let (server, address) = listen(config, &services)?;
    let handle = server.handle();
    let operator = config.operator_listen.map(|address| operator(address, &services)).transpose()?;
    let operator_address = operator.as_ref().map(|(_, address)| *address);
    let operator_handle = operator.map(|(server, _)| {
        let handle = server.handle();
        tokio::spawn(server);
        handle
    });
    Ok(Running {
        address,
        operator_address,
        handle,
        served: tokio::spawn(server),
        operator: operator_handle,
        jobs: (stop, jobs),
    })
}

/// What authenticator apps show beside the account's address.
const ISSUER: &str = "Smart-mining";

fn compose(
    config: &Config,
    clock: Clock,
    stores: Stores,
    kms: Arc<Kms>,
) -> Result<(Services, JobRunner), StartError> {
    let vault = Vault::new(Arc::clone(&kms), stores.keys.clone());
    let access = AccessTokens::new(Arc::clone(&kms), config.public_url.clone());
    let outbox = outbox(config, &stores.data, &vault, &clock)?;
    let (throttles, links) =
        (Throttles::new(Arc::clone(&kms), config.abuse), Links::new(config.link_page.clone()));
    let sessions = SessionService {
        db: stores.data.clone(),
        vault: vault.clone(),
        clock: clock.clone(),
        passwords: passwords(config)?,
        access: access.clone(),
        throttles: throttles.clone(),
        outbox: outbox.clone(),
        places: Places::open(config.places.as_deref())?,
        links: links.clone(),
    };
    let policies = policies(config, &sessions);
    let accounts = accounts(&sessions, throttles, links, policies.clone());
    let (consents, notices) = (consents(config, &accounts), notices(&accounts));
    let log = log(config, &stores.data, &kms, &clock)?;
    let (staff, partners) = (staff(config, &accounts, &kms), partners(config, &accounts, &kms));
    let blocks = BlockService::new(stores.data.clone(), kms, clock.clone());
    let (kyc, disclosures) = (kyc(config, &accounts)?, disclosures(config, &accounts, policies.clone()));
    let services = Services {
        instruments: instruments(&kyc),
        obligations: obligations(&accounts),
        webhooks: webhooks(config, &accounts)?,
        reports: reports(config, &accounts),
        transparency: transparency(config, &accounts),
        rights: rights(config, &accounts, &kyc),
        retention: RetentionService { db: stores.data.clone(), clock: clock.clone() },
        recipients: recipients(&accounts),
        support: support(&accounts),
        sessions,
        policies,
        consents,
        notices,
        kyc,
        disclosures,
        idempotency: IdempotencyService::new(stores.data.clone(), vault.clone(), clock.clone()),
        blocks,
        log,
        staff,
        accounts,
        partners,
        access,
        vault,
        clock,
        stores,
    };
    let jobs = job_runner(config, &services);
    Ok((services, jobs))
}

fn job_runner(config: &Config, services: &Services) -> JobRunner {
    JobRunner {
        db: services.stores.data.clone(),
        keys: services.stores.keys.clone(),
        vault: services.vault.clone(),
        clock: services.clock.clone(),
        outbox: services.accounts.outbox.clone(),
        erasure: erasure(&services.kyc),
        accounts: services.accounts.clone(),
        notices: services.notices.clone(),
        kyc: services.kyc.clone(),
        disclosures: services.disclosures.clone(),
        webhooks: services.webhooks.clone(),
        reports: services.reports.clone(),
        transparency: services.transparency.clone(),
        rights: services.rights.clone(),
        retention: services.retention.clone(),
        instruments: services.instruments.clone(),
        contents: Arc::new(PersonalContents::new(services.clone())),
        blocks: services.blocks.clone(),
        staff: services.staff.clone(),
        sequencer: services.log.sequencer().clone(),
        kyc_files_kept: TimeDelta::days(config.kyc_files_days.into()),
        closed_accounts_kept: TimeDelta::days(config.closed_accounts_days.into()),
    }
}

fn passwords(config: &Config) -> Result<Passwords, HashingError> {
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    Passwords::new(config.hash_cost, cores)
}

fn staff(config: &Config, accounts: &AccountService, kms: &Arc<Kms>) -> StaffService {
    StaffService {
        db: accounts.db.clone(),
        vault: accounts.vault.clone(),
        clock: accounts.clock.clone(),
        passwords: accounts.passwords.clone(),
        access: AccessTokens::new(Arc::clone(kms), config.public_url.clone()),
        throttles: accounts.throttles.clone(),
        outbox: accounts.outbox.clone(),
        issuer: accounts.issuer.clone(),
        budget: read_budget(config, accounts),
    }
}

fn accounts(
    sessions: &SessionService,
    throttles: Throttles,
    links: Links,
    policies: PolicyService,
) -> AccountService {
    AccountService {
        db: sessions.db.clone(),
        vault: sessions.vault.clone(),
        clock: sessions.clock.clone(),
        passwords: sessions.passwords.clone(),
        sessions: sessions.clone(),
        throttles,
        outbox: sessions.outbox.clone(),
        links,
        policies,
        issuer: ISSUER.to_owned(),
    }
}

fn policies(config: &Config, sessions: &SessionService) -> PolicyService {
    PolicyService::new(
        sessions.db.clone(),
        sessions.vault.clone(),
        sessions.clock.clone(),
        Campaigns::default(),
        format!("{}/policy", config.public_url),
    )
}

fn disclosures(config: &Config, accounts: &AccountService, policies: PolicyService) -> DisclosureService {
    DisclosureService {
        db: accounts.db.clone(),
        vault: accounts.vault.clone(),
        clock: accounts.clock.clone(),
        policies,
        outbox: accounts.outbox.clone(),
        controller: config.public_url.clone(),
    }
}

/// The only way in which personal data is deleted.
pub fn erasure(kyc: &KycService) -> ErasureService {
    ErasureService::new(kyc.db.clone(), kyc.vault.clone(), kyc.files.clone(), kyc.clock.clone())
}

fn instruments(kyc: &KycService) -> InstrumentService {
    InstrumentService {
        db: kyc.db.clone(),
        vault: kyc.vault.clone(),
        clock: kyc.clock.clone(),
        images: kyc.images.clone(),
        files: kyc.files.clone(),
    }
}

fn rights(config: &Config, accounts: &AccountService, kyc: &KycService) -> RightsService {
    RightsService {
        db: accounts.db.clone(),
        vault: accounts.vault.clone(),
        clock: accounts.clock.clone(),
        outbox: accounts.outbox.clone(),
        files: kyc.files.clone(),
        images: kyc.images.clone(),
        budget: kyc.budget.clone(),
        links: Links::new(config.link_page.clone()),
        erasure: erasure(kyc),
        grace: config.erasure_grace,
        key_copies_live: config.key_copies_live,
        region: config.region,
    }
}

fn obligations(accounts: &AccountService) -> ObligationService {
    ObligationService {
        db: accounts.db.clone(),
        vault: accounts.vault.clone(),
        clock: accounts.clock.clone(),
    }
}

fn webhooks(config: &Config, accounts: &AccountService) -> Result<WebhookService, StartError> {
    Ok(WebhookService {
        db: accounts.db.clone(),
        vault: accounts.vault.clone(),
        clock: accounts.clock.clone(),
        client: Arc::new(WebhookClient::new(config.webhooks_to_private)?),
    })
}

fn reports(config: &Config, accounts: &AccountService) -> ReportService {
    ReportService {
        db: accounts.db.clone(),
        vault: accounts.vault.clone(),
        clock: accounts.clock.clone(),
        policies: accounts.policies.clone(),
        minimum: config.smallest_group,
    }
}

fn transparency(config: &Config, accounts: &AccountService) -> TransparencyService {
    TransparencyService {
        db: accounts.db.clone(),
        clock: accounts.clock.clone(),
        minimum: config.smallest_group,
    }
}

fn recipients(accounts: &AccountService) -> RecipientService {
    RecipientService { db: accounts.db.clone(), vault: accounts.vault.clone(), clock: accounts.clock.clone() }
}

fn support(accounts: &AccountService) -> SupportService {
    SupportService {
        db: accounts.db.clone(),
        vault: accounts.vault.clone(),
        clock: accounts.clock.clone(),
        outbox: accounts.outbox.clone(),
    }
}

fn kyc(config: &Config, accounts: &AccountService) -> Result<KycService, StartError> {
    Ok(KycService {
        db: accounts.db.clone(),
        vault: accounts.vault.clone(),
        clock: accounts.clock.clone(),
        outbox: accounts.outbox.clone(),
        images: ImageService::open(&config.images).map_err(StartError::Images)?,
        files: FileStore::open(&config.files)?,
        budget: read_budget(config, accounts),
    })
}

fn read_budget(config: &Config, accounts: &AccountService) -> ReadBudget {
    ReadBudget { throttles: accounts.throttles.clone(), per_hour: config.staff_reads_per_hour }
}

fn consents(config: &Config, accounts: &AccountService) -> ConsentService {
    ConsentService {
        db: accounts.db.clone(),
        vault: accounts.vault.clone(),
        clock: accounts.clock.clone(),
        policies: accounts.policies.clone(),
        controller: config.controller.clone(),
    }
}

fn notices(accounts: &AccountService) -> NoticeService {
    NoticeService {
        db: accounts.db.clone(),
        vault: accounts.vault.clone(),
        clock: accounts.clock.clone(),
        policies: accounts.policies.clone(),
        outbox: accounts.outbox.clone(),
    }
}

fn partners(config: &Config, accounts: &AccountService, kms: &Arc<Kms>) -> PartnerService {
    PartnerService::new(
        accounts.db.clone(),
        accounts.vault.clone(),
        accounts.clock.clone(),
        AccessTokens::new(Arc::clone(kms), config.public_url.clone()),
        accounts.throttles.clone(),
        &config.public_url,
    )
}

fn outbox(config: &Config, data: &Db, vault: &Vault, clock: &Clock) -> Result<OutboxService, StartError> {
    Ok(OutboxService::new(
        data.clone(),
        vault.clone(),
        clock.clone(),
        Transport::open(&config.mail, &config.mail_from)?,
        Transport::open(&config.sms, &config.sms_from)?,
    ))
}

fn log(config: &Config, data: &Db, kms: &Arc<Kms>, clock: &Clock) -> Result<LogService, StartError> {
    let sequencer = Sequencer::new(
        data.clone(),
        Arc::clone(kms),
        clock.clone(),
        LogCopy::open(&config.log_copy).map_err(StartError::LogCopy)?,
        config.http.public_host.clone(),
    );
    Ok(LogService::new(data.clone(), Arc::clone(kms), clock.clone(), sequencer, config.public_url.clone()))
}

fn listen(
    config: &Config,
    services: &Data<Services>,
) -> Result<(actix_web::dev::Server, SocketAddr), StartError> {
    let edge = Data::new(Edge::new(config.http.clone()));
    let contract = Data::new(ContractText(web::Bytes::from(openapi::yaml()?)));
    let reference = Data::new(Reference::new(&services.consents.controller.name, &openapi::document()?));
    let (services, http) = (services.clone(), config.http.clone());
    let server = HttpServer::new({
        let http = http.clone();
        move || {
            App::new()
                .into_utoipa_app()
                .app_data(services.clone())
                .app_data(edge.clone())
                .app_data(contract.clone())
                .app_data(reference.clone())
                .configure(handlers::operations)
                .into_app()
                .configure(handlers::surroundings)
                // Nothing is answered without it, but whether a browser may ask.
                .wrap(from_fn(handlers::guard))
                // Outermost: a script of another origin reads refusals, too.
                .wrap(Condition::new(!http.cors_origins.is_empty(), cors(&http)))
        }
    })
    .workers(http.workers)
    .max_connections(http.max_connections)
    .shutdown_timeout(http.shutdown_seconds)
    .bind(config.listen)
    .map_err(StartError::Listen)?;
    let address = server.addrs().first().copied().unwrap_or(config.listen);
    Ok((server.run(), address))
}

/// Exact origins.
fn cors(http: &HttpConfig) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "POST", "PUT", "PATCH", "DELETE"])
        .allowed_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            header::ACCEPT_LANGUAGE,
            header::HeaderName::from_static("idempotency-key"),
        ])
        .expose_headers([
            "etag",
            "location",
            "retry-after",
            "ratelimit",
            "ratelimit-policy",
            "x-request-id",
            "log-promise",
        ])
        // The refresh cookie of browser apps; only to the origins named.
        .supports_credentials()
        .max_age(600);
    http.cors_origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}

fn operator(
    address: SocketAddr,
    services: &Data<Services>,
) -> Result<(actix_web::dev::Server, SocketAddr), StartError> {
    let services = services.clone();
    let server = HttpServer::new(move || App::new().app_data(services.clone()).configure(handlers::operator))
        .workers(1)
        .disable_signals()
        .bind(address)
        .map_err(StartError::Listen)?;
    let bound = server.addrs().first().copied().unwrap_or(address);
    Ok((server.run(), bound))
}
