//! Claims about the list of which the latest value is one load away.

use loom::sync::Arc;
use loom::thread;

use crate::sys::AppendList;
use crate::tracked::Tracked;

#[test]
fn who_finds_a_value_finds_it_whole() {
    loom::model(|| {
        let list = Arc::new(AppendList::new());
        let pushers = [1, 2].map(|number| {
            let list = Arc::clone(&list);
            thread::spawn(move || list.push(Tracked::new(number), |_, _| false).get())
        });
        let seen: Vec<_> = list.iter().map(Tracked::get).collect();
        let pushed = pushers.map(|pusher| pusher.join().expect("it ends"));

        assert_eq!(pushed, [1, 2]);
        assert!(seen.iter().all(|number| [1, 2].contains(number)));
        let mut all: Vec<_> = list.iter().map(Tracked::get).collect();
        assert!(all.ends_with(&seen), "what was found stays");
        all.sort_unstable();
        assert_eq!(all, [1, 2]);
    });
}

#[test]
fn a_value_that_is_made_at_the_first_use_is_the_same_for_all() {
    loom::model(|| {
        let list = Arc::new(AppendList::new());
        let users = [1, 2].map(|number| {
            let list = Arc::clone(&list);
            thread::spawn(move || list.get_or_push(|| Tracked::new(number)).get())
        });
        let [one, other] = users.map(|user| user.join().expect("it ends"));

        assert_eq!(one, other);
        assert_eq!(list.iter().count(), 1);
    });
}

#[test]
fn of_two_values_the_better_one_is_the_latest() {
    loom::model(|| {
        let list = Arc::new(AppendList::new());
        let pushers = [1, 2].map(|number| {
            let list = Arc::clone(&list);
            thread::spawn(move || {
                list.push(Tracked::new(number), |present, new| present.get() >= new.get());
            })
        });
        for pusher in pushers {
            pusher.join().expect("it ends");
        }

        assert_eq!(list.get().map(Tracked::get), Some(2));
    });
}
