//! Survivors that are chosen by what is in the rows.

use super::Context;
use super::rows::map_rows;
use super::spills::Spills;
use crate::error::Result;
use crate::group::Group;
use crate::spill::Row;
use crate::survivor::{self, Keep, length_of, number_of};

pub(super) fn choose_survivors(
    context: Context<'_>,
    spills: &Spills,
    groups: &mut [Group],
) -> Result<()> {
    let job = context.job;
    let values = match &job.keep {
        Keep::First => return Ok(()),
        Keep::Last => {
            for group in groups {
                group.survivor = *group.rows.last().unwrap_or(&group.survivor);
            }
            return Ok(());
        }
        Keep::Longest => {
            let key = &job.settings.text_key;
            values(context, spills, (groups, key), |line, room| {
                length_of(line, key, room)
            })?
        }
        Keep::Max(field) => values(context, spills, (groups, field), |line, _| {
            number_of(line, field)
        })?,
    };
    for group in groups {
        let value = |row: &Row| {
            let at = values.binary_search_by_key(row, |(row, _)| *row);
            (*row, at.map_or(f64::NEG_INFINITY, |at| values[at].1))
        };
        let rows: Vec<(Row, f64)> = group.rows.iter().map(value).collect();
        group.survivor = survivor::of_values(&rows).unwrap_or(group.survivor);
    }
    Ok(())
}

/// The value of every row of the groups, made of a field, in the order of the rows.
fn values(
    context: Context<'_>,
    spills: &Spills,
    (groups, field): (&[Group], &str),
    value: impl Fn(&[u8], &mut String) -> f64 + Sync,
) -> Result<Vec<(Row, f64)>> {
    let mut rows: Vec<Row> = groups
        .iter()
        .flat_map(|it| it.rows.iter().copied())
        .collect();
    rows.sort_unstable();
    let state = || Ok(String::new());
    let blocks = map_rows(context, spills, (&rows, &[field]), state, |room, lines| {
        let values = lines.iter().map(|(row, line)| (row, value(line, room)));
        Ok(values.collect::<Vec<_>>())
    })?;
    Ok(blocks.concat())
}
