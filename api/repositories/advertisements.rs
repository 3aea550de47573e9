//! Advertisements, who clicked them, and what was published of that.

use diesel::{dsl::count_star, prelude::*};

use crate::{
    db::{
        Conn, Dispatch, StorageError,
        schema::{
            ad_clicks as k, ad_hours as h, ad_report_cells as cells, ad_reports as r, advertisements as a,
        },
    },
    domain::{
        aggregate::{Advertisement, Cell, Clicker, Count, HourReport},
        ids::{AdvertisementId, ClickerId, LeafId, RecipientId, StaffId},
        time::Timestamp,
    },
};

#[derive(Queryable)]
struct Row {
    id: AdvertisementId,
    recipient_id: RecipientId,
    label: String,
    registered_by: StaffId,
    registered_at: Timestamp,
    ended_at: Option<Timestamp>,
}

impl From<Row> for Advertisement {
    fn from(row: Row) -> Self {
        let Row { id, recipient_id, label, registered_by, registered_at, ended_at } = row;
        Self { id, recipient_id, label, registered_by, registered_at, ended_at }
    }
}

pub fn insert(c: &mut Conn, advertisement: &Advertisement) -> Result<(), StorageError> {
    diesel::insert_into(a::table)
        .values((
            a::advertisement_id.eq(advertisement.id),
            a::recipient_id.eq(advertisement.recipient_id),
            a::label.eq(&advertisement.label),
            a::registered_by.eq(advertisement.registered_by),
            a::registered_at.eq(advertisement.registered_at),
        ))
        .dispatch(c)?;
    Ok(())
}

/// Ends an advertisement; `false` if it has ended.
pub fn end(c: &mut Conn, id: AdvertisementId, at: Timestamp) -> Result<bool, StorageError> {
    let ended = diesel::update(a::table.find(id))
        .filter(a::ended_at.is_null())
        .set(a::ended_at.eq(Some(at)))
        .execute(c)?;
    Ok(ended == 1)
}

pub fn find(c: &mut Conn, id: AdvertisementId) -> Result<Option<Advertisement>, StorageError> {
    let row: Option<Row> = a::table.find(id).get_result(c).optional()?;
    Ok(row.map(Advertisement::from))
}

/// Those of some advertisements that there are.
pub fn list_some(c: &mut Conn, ids: &[AdvertisementId]) -> Result<Vec<Advertisement>, StorageError> {
    let rows: Vec<Row> = a::table.filter(a::advertisement_id.eq_any(ids)).load(c)?;
    Ok(rows.into_iter().map(Advertisement::from).collect())
}

/// Advertisements after `cursor`, in the order of their ids.
pub fn list(
    c: &mut Conn,
    cursor: Option<AdvertisementId>,
    limit: i64,
) -> Result<Vec<Advertisement>, StorageError> {
    let after = cursor.unwrap_or(AdvertisementId::from_uuid(uuid::Uuid::nil()));
    let rows: Vec<Row> =
        a::table.filter(a::advertisement_id.gt(after)).order(a::advertisement_id).limit(limit).load(c)?;
    Ok(rows.into_iter().map(Advertisement::from).collect())
}

/// When the first advertisement was registered.
pub fn find_first(c: &mut Conn) -> Result<Option<Timestamp>, StorageError> {
    let first: Vec<Timestamp> = a::table.select(a::registered_at).order(a::registered_at).limit(1).load(c)?;
    Ok(first.first().copied())
}

/// Notes what somebody clicked, each advertisement once an hour.
pub fn note_clicks(
    c: &mut Conn,
    clicker: Clicker,
    ads: &[(Timestamp, AdvertisementId)],
) -> Result<(), StorageError> {
    let rows: Vec<_> = ads
        .iter()
        .map(|(hour, advertisement)| {
            (
                k::hour.eq(*hour),
                k::advertisement_id.eq(*advertisement),
                k::clicker_id.eq(clicker.id),
                k::by_device.eq(i16::from(clicker.by_device)),
            )
        })
        .collect();
    diesel::insert_into(k::table).values(rows).on_conflict_do_nothing().dispatch(c)?;
    Ok(())
}

/// Forgets what these clicked.
pub fn forget_clicks(c: &mut Conn, clickers: &[ClickerId]) -> Result<(), StorageError> {
    diesel::delete(k::table.filter(k::clicker_id.eq_any(clickers))).execute(c)?;
    Ok(())
}

/// Some of those who clicked in an hour, after one of them.
pub fn list_clickers(
    c: &mut Conn,
    hour: Timestamp,
    after: Option<ClickerId>,
    limit: i64,
) -> Result<Vec<Clicker>, StorageError> {
    let after = after.unwrap_or(ClickerId::from_uuid(uuid::Uuid::nil()));
    let rows: Vec<(ClickerId, i16)> = k::table
        .filter(k::hour.eq(hour))
        .filter(k::clicker_id.gt(after))
        .group_by((k::clicker_id, k::by_device))
        .select((k::clicker_id, k::by_device))
        .order(k::clicker_id)
        .limit(limit)
        .load(c)?;
    Ok(rows.into_iter().map(|(id, by_device)| Clicker { id, by_device: by_device != 0 }).collect())
}

/// How many people clicked each advertisement in an hour.
pub fn count_clicks(c: &mut Conn, hour: Timestamp) -> Result<Vec<Count>, StorageError> {
    let rows: Vec<(AdvertisementId, i16, i64)> = k::table
        .filter(k::hour.eq(hour))
        .group_by((k::advertisement_id, k::by_device))
        .select((k::advertisement_id, k::by_device, count_star()))
        .order(k::advertisement_id)
        .load(c)?;
    let mut counts: Vec<Count> = Vec::new();
    for (advertisement_id, by_device, people) in rows {
        let accounts = if by_device == 0 { people } else { 0 };
        match counts.last_mut().filter(|last| last.advertisement_id == advertisement_id) {
            Some(last) => {
                last.people += people;
                last.accounts += accounts;
            }
            None => counts.push(Count { advertisement_id, people, accounts }),
        }
    }
    Ok(counts)
}

/// Forgets some of those who clicked in hours before `before`.
pub fn delete_past_clicks(c: &mut Conn, before: Timestamp, limit: i64) -> Result<usize, StorageError> {
    let past: Vec<(Timestamp, AdvertisementId, ClickerId)> = k::table
        .filter(k::hour.lt(before))
        .order((k::hour, k::advertisement_id, k::clicker_id))
        .limit(limit)
        .load(c)
        .map(|rows: Vec<(Timestamp, AdvertisementId, ClickerId, i16)>| {
            rows.into_iter().map(|(hour, advertisement, clicker, _)| (hour, advertisement, clicker)).collect()
        })?;
    // Those of one cell in one statement.
    for cell in past.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        let Some((hour, advertisement, _)) = cell.first().copied() else { continue };
        let clickers: Vec<ClickerId> = cell.iter().map(|row| row.2).collect();
        let own = k::table.filter(k::hour.eq(hour)).filter(k::advertisement_id.eq(advertisement));
        diesel::delete(own).filter(k::clicker_id.eq_any(clickers)).execute(c)?;
    }
    Ok(past.len())
}

/// The last hour that is over with.
pub fn find_last_hour(c: &mut Conn) -> Result<Option<Timestamp>, StorageError> {
    let last: Vec<Timestamp> = h::table.select(h::hour).order(h::hour.desc()).limit(1).load(c)?;
    Ok(last.first().copied())
}

/// Notes that an hour is over with; `false` if that was noted before.
pub fn close_hour(c: &mut Conn, hour: Timestamp, now: Timestamp) -> Result<bool, StorageError> {
    let closed = diesel::insert_into(h::table)
        .values((h::hour.eq(hour), h::closed_at.eq(now)))
        .on_conflict_do_nothing()
        .dispatch(c)?;
    Ok(closed == 1)
}

/// The number of the last report.
pub fn find_last_number(c: &mut Conn) -> Result<i64, StorageError> {
    let last: Vec<i64> = r::table.select(r::number).order(r::number.desc()).limit(1).load(c)?;
    Ok(last.first().copied().unwrap_or(0))
}

pub fn insert_report(c: &mut Conn, report: &HourReport) -> Result<(), StorageError> {
    diesel::insert_into(r::table)
        .values((
            r::number.eq(report.number),
            r::recipient_id.eq(report.recipient_id),
            r::hour.eq(report.hour),
            r::minimum.eq(report.minimum),
            r::total.eq(report.total),
            r::published_at.eq(report.published_at),
            r::leaf_id.eq(report.leaf_id),
        ))
        .dispatch(c)?;
    for cell in &report.cells {
        diesel::insert_into(cells::table)
            .values((
                cells::number.eq(report.number),
                cells::advertisement_id.eq(cell.advertisement_id),
                cells::people.eq(cell.people),
            ))
            .dispatch(c)?;
    }
    Ok(())
}

type ReportRow = (i64, RecipientId, Timestamp, i32, Option<i64>, Timestamp, LeafId);

/// Reports after one of them, in order; of one advertiser, or of all.
pub fn list_reports(
    c: &mut Conn,
    of: Option<RecipientId>,
    after: i64,
    limit: i64,
) -> Result<Vec<HourReport>, StorageError> {
    let mut query = r::table.filter(r::number.gt(after)).into_boxed();
    if let Some(recipient) = of {
        query = query.filter(r::recipient_id.eq(recipient));
    }
    let rows: Vec<ReportRow> = query.order(r::number).limit(limit).load(c)?;
    let numbers: Vec<i64> = rows.iter().map(|row| row.0).collect();
    let found: Vec<(i64, AdvertisementId, i64)> = cells::table
        .filter(cells::number.eq_any(numbers))
        .order((cells::number, cells::advertisement_id))
        .load(c)?;
    let reports =
        rows.into_iter().map(|(number, recipient_id, hour, minimum, total, published_at, leaf_id)| {
            let own = found.iter().filter(|cell| cell.0 == number);
            let cells = own.map(|(_, advertisement_id, people)| Cell {
                advertisement_id: *advertisement_id,
                people: *people,
            });
            let cells = cells.collect();
            HourReport { number, recipient_id, hour, minimum, cells, total, published_at, leaf_id }
        });
    Ok(reports.collect())
}
