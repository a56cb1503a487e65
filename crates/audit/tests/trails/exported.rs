//! Export: filters and forms.

use crate::support::{Folder, NOW};
use cloakroom_audit::{Exported, Filter, Format, Source, export};
use cloakroom_core::Timestamp;

fn take(folder: &Folder, filter: &Filter, format: Format) -> (Exported, String) {
    let mut out = Vec::new();
    let source = Source::Trail(folder.path().into());
    let done = export(&source, filter, format, &mut out, &mut |_, _| {}).unwrap();
    (done, String::from_utf8(out).unwrap())
}

#[test]
fn filters_take_what_they_say() {
    let folder = Folder::new().with_pages(3);
    let count = |filter: &Filter| take(&folder, filter, Format::Jsonl).0.entries;
    let at = |number: u64| Some(Timestamp::from_millis(NOW + number));
    let some = Filter::default();
    assert_eq!(count(&some), 6);
    assert_eq!(
        count(&Filter {
            since: at(3),
            ..some.clone()
        }),
        4
    );
    assert_eq!(
        count(&Filter {
            since: at(3),
            until: at(5),
            ..some.clone()
        }),
        2
    );
    assert_eq!(
        count(&Filter {
            subject: Some("bob".into()),
            ..some.clone()
        }),
        3
    );
    assert_eq!(
        count(&Filter {
            kinds: vec!["closed".into(), "opened".into()],
            ..some.clone()
        }),
        6
    );
    assert_eq!(
        count(&Filter {
            kinds: vec!["closed".into()],
            ..some.clone()
        }),
        0
    );
    cloakroom_audit::forget(Some(folder.path()), None, "bob").unwrap();
    assert_eq!(
        count(&Filter {
            subject: Some("bob".into()),
            ..some.clone()
        }),
        0
    );
    assert_eq!(count(&some), 6, "what is left of it is still there");
}

#[test]
fn a_table_has_a_heading_and_as_many_cells_in_each_row() {
    let folder = Folder::new().with_pages(1);
    let (done, text) = take(&folder, &Filter::default(), Format::Csv);
    assert_eq!(
        done,
        Exported {
            entries: 2,
            unreadable: 0
        }
    );
    let rows: Vec<&str> = text.lines().collect();
    assert_eq!(
        rows[0],
        "id,at,kind,session,subject,reason,actor,ip,user_agent,detail"
    );
    assert_eq!(
        rows[1],
        "h.1,2026-11-21T16:00:00.001Z,opened,AAAAAAAAAAAAAAAAAAAAAA,alice,,user,192.0.2.7,a browser,"
    );
    assert_eq!(rows.len(), 3);
}

#[test]
fn what_is_unreadable_is_counted_and_the_rest_is_taken() {
    let folder = Folder::new().with_pages(2);
    let mut lines = folder.lines();
    lines[1] = "nonsense".to_owned();
    folder.put(&lines);
    let (done, _) = take(&folder, &Filter::default(), Format::Jsonl);
    assert_eq!(
        done,
        Exported {
            entries: 3,
            unreadable: 1
        }
    );
}
