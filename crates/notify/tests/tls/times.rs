//! Certificates before and after their time.

use crate::pki::{
    IN_FIFTY_YEARS, IN_SIXTY_YEARS, LAST_YEAR, LONG_AGO, Wanted, Workshop, YESTERDAY,
};
use crate::row::{Accepted, Refused, Row, Setup, Verdict, row};

const OVER: Verdict = Refused("expired");
const EARLY: Verdict = Refused("not valid yet|not yet valid");

/// Root, intermediate and server, of which one has another span.
fn case(
    title: &'static str,
    verdict: Verdict,
    place: usize,
    start: &'static str,
    end: &'static str,
) -> Row {
    row(title, verdict, move |workshop: &Workshop| {
        let mut wanted = [
            Wanted::authority("A root"),
            Wanted::authority("A middle"),
            Wanted::server("DNS:mail.example.org"),
        ];
        wanted[place] = wanted[place].clone().span(start, end);
        let [root, middle, leaf] = wanted;
        let root = workshop.self_signed(&root);
        let middle = workshop.issue(&middle, &root);
        let leaf = workshop.issue(&leaf, &middle);
        Setup::new(&[&leaf, &middle], &[&root])
    })
}

pub fn rows() -> Vec<Row> {
    vec![
        case("valid for long", Accepted, 2, LONG_AGO, IN_SIXTY_YEARS),
        case("expired server", OVER, 2, LONG_AGO, LAST_YEAR),
        case(
            "server of the future",
            EARLY,
            2,
            IN_FIFTY_YEARS,
            IN_SIXTY_YEARS,
        ),
        case("expired intermediate", OVER, 1, LONG_AGO, LAST_YEAR),
        case(
            "intermediate of the future",
            EARLY,
            1,
            IN_FIFTY_YEARS,
            IN_SIXTY_YEARS,
        ),
        case("expired root", OVER, 0, LONG_AGO, LAST_YEAR),
        case(
            "root of the future",
            EARLY,
            0,
            IN_FIFTY_YEARS,
            IN_SIXTY_YEARS,
        ),
        case(
            "root younger than what it issued",
            Accepted,
            0,
            YESTERDAY,
            IN_FIFTY_YEARS,
        ),
        row(
            "expired and for another name",
            Refused("expired|another name"),
            |workshop| {
                let root = workshop.root();
                let wanted = Wanted::server("DNS:other.example.org").span(LONG_AGO, LAST_YEAR);
                let leaf = workshop.issue(&wanted, &root);
                Setup::new(&[&leaf], &[&root])
            },
        ),
    ]
}
