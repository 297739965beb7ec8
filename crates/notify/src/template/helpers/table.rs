//! `{{table VALUE}}`: rows under headings, as columns of plain text or as an HTML table.
//!
//! The value is `{ schema: { columns: [ { label, id, renderer? } ] }, data: [ { ID: CELL } ] }`.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::engine::MAX_OUTPUT;
use super::{Environment, as_text, number, parameter};

#[derive(Deserialize)]
struct Table {
    schema: Schema,
    data: Vec<Map<String, Value>>,
}

#[derive(Deserialize)]
struct Schema {
    columns: Vec<Column>,
}

#[derive(Deserialize)]
struct Column {
    label: String,
    id: String,
    renderer: Option<Renderer>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Renderer {
    HumanBytes,
    Duration,
    Timestamp,
}

/// What lies between two columns of text, beyond the widest entry.
const GAP: usize = 4;
const CELL_STYLE: &str = "border: 1px solid #c8c8c8; padding: 4px 8px; text-align: left;";

pub(super) fn table(
    parameters: &[&Value],
    environment: &Environment<'_>,
) -> Result<String, String> {
    let table = Table::deserialize(parameter(parameters, 0)?).map_err(|e| e.to_string())?;
    let labels = table.schema.columns.iter().map(|c| c.label.clone());
    let mut rows = vec![labels.collect::<Vec<_>>()];
    for cells in &table.data {
        let row = table
            .schema
            .columns
            .iter()
            .map(|column| column.cell(cells, environment));
        rows.push(row.collect::<Result<_, _>>()?);
    }
    if environment.html {
        as_html(&rows)
    } else {
        as_text_columns(&rows)
    }
}

impl Column {
    fn cell(
        &self,
        cells: &Map<String, Value>,
        environment: &Environment<'_>,
    ) -> Result<String, String> {
        let value = cells.get(&self.id).unwrap_or(&Value::Null);
        let rendered = match self.renderer {
            None => Ok(as_text(value)),
            // nothing there to convert
            Some(_) if value.is_null() => Ok(as_text(value)),
            Some(Renderer::HumanBytes) => number::bytes(value),
            Some(Renderer::Duration) => number::span(value),
            Some(Renderer::Timestamp) => number::moment(value, environment.clock),
        };
        rendered.map_err(|reason| format!("column {}: {reason}", self.id))
    }
}

/// The width of a column is counted in bytes and filled up in characters: templates in use rely on
/// the spacing.
fn as_text_columns(rows: &[Vec<String>]) -> Result<String, String> {
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            GAP + cells.map(String::len).max().unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in rows {
        for (cell, width) in row.iter().zip(&widths) {
            let fill = width.saturating_sub(cell.chars().count());
            bounded(text.len().saturating_add(cell.len()).saturating_add(fill))?;
            text.push_str(cell);
            text.extend(std::iter::repeat_n(' ', fill));
        }
        text.push('\n');
    }
    Ok(text)
}

fn as_html(rows: &[Vec<String>]) -> Result<String, String> {
    let mut html =
        "<table style=\"border: 1px solid #c8c8c8; border-collapse: collapse;\">\n".to_owned();
    for (index, row) in rows.iter().enumerate() {
        let tag = if index == 0 { "th" } else { "td" };
        html.push_str("<tr>");
        for cell in row {
            let cell = handlebars::html_escape(cell);
            bounded(html.len().saturating_add(cell.len()))?;
            html.push_str(&format!("<{tag} style=\"{CELL_STYLE}\">{cell}</{tag}>"));
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</table>\n");
    Ok(html)
}

fn bounded(size: usize) -> Result<(), String> {
    if size > MAX_OUTPUT {
        Err("the table is larger than 16 MiB".to_owned())
    } else {
        Ok(())
    }
}
