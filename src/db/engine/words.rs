//! What PostgreSQL's words mean where diesel tells neither the SQLSTATE nor a kind of its own.
//!
//! One table: what a message says, and what follows. The conditions that can be asked about afterwards stand here in
//! English alone; `doubt` asks, whatever the language. Those that leave no trace, a deadlock and the time limits, stand
//! here in every language that PostgreSQL's own messages are translated into.
//! How to get it wrong: words that the text of a user or the name of a constraint may hold. The messages are whole
//! sentences, and a part that is long enough is taken.

/// What a message means for whoever sent the statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// 40P01: two writers stood in each other's way.
    Deadlock,
    /// 53100: nothing can be written.
    NoRoom,
    /// 57014 or 55P03: a statement that waited or worked for too long, on a server and a session that are well.
    TimeLimit,
    /// 53xxx, 55000 and 25006 of a standby, 57Pxx: a state of the server that is no statement's fault.
    Condition,
}

use Meaning::{Condition, Deadlock, NoRoom, TimeLimit};

/// Lower case. What is listed first decides.
const WORDS: &[(&str, Meaning)] = &[
    // English, German, Spanish, French, Italian, Korean, Swedish, Polish, Portuguese, Turkish.
    ("deadlock", Deadlock),
    ("デッドロックを検出", Deadlock),
    ("ურთიერთბლოკირება", Deadlock),
    ("обнаружена взаимоблокировка", Deadlock),
    ("взаємне блокування", Deadlock),
    ("死锁", Deadlock),
    ("no space left on device", NoRoom),
    ("could not extend file", NoRoom),
    ("could not write to file", NoRoom),
    ("could not write block", NoRoom),
    ("disk quota exceeded", NoRoom),
    ("disk full", NoRoom),
    ("due to statement timeout", TimeLimit),
    ("due to lock timeout", TimeLimit),
    ("wegen zeitüberschreitung", TimeLimit),
    ("debido a que se agotó el tiempo de espera", TimeLimit),
    ("à cause du délai écoulé", TimeLimit),
    ("dell'istruzione a causa di timeout", TimeLimit),
    ("のタイムアウトのためステートメントをキャンセル", TimeLimit),
    ("მოლოდინის ვადის ამოწურვის გამო", TimeLimit),
    ("시간 초과로 작업을 취소", TimeLimit),
    ("отменено из-за тайм-аута", TimeLimit),
    ("avbryter sats på grund av", TimeLimit),
    ("скасовано через тайм-аут", TimeLimit),
    ("执行超时，正在取消查询", TimeLimit),
    ("由于锁超时", TimeLimit),
    ("out of memory", Condition),
    // Our own word, of `standbys`.
    ("callbunker.no_standby_is_there", Condition),
    ("out of shared memory", Condition),
    ("insufficient resources", Condition),
    ("configuration limit exceeded", Condition),
    ("too many connections", Condition),
    ("too many clients", Condition),
    ("connection slots", Condition),
    ("during recovery", Condition),
    ("recovery is in progress", Condition),
    ("read-only", Condition),
    ("the database system is", Condition),
    ("terminating connection", Condition),
    ("transaction timeout", Condition),
    ("could not open file", Condition),
    ("could not read block", Condition),
    ("too many open files", Condition),
];

/// What `message` means; `None` when it says nothing that we know.
pub(super) fn meaning(message: &str) -> Option<Meaning> {
    let message = message.to_lowercase();
    WORDS.iter().find(|(words, _)| message.contains(words)).map(|(_, meaning)| *meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_no_trace_is_understood_in_every_language() {
        for (message, expected) in [
            ("deadlock detected", Deadlock),
            ("Verklemmung (Deadlock) entdeckt", Deadlock),
            ("interblocage (deadlock) détecté", Deadlock),
            ("обнаружена взаимоблокировка", Deadlock),
            ("检测到死锁", Deadlock),
            ("canceling statement due to lock timeout", TimeLimit),
            ("storniere Anfrage wegen Zeitüberschreitung der Anfrage", TimeLimit),
            ("storniere Anfrage wegen Zeitüberschreitung einer Sperre", TimeLimit),
            ("annulation de la requête à cause du délai écoulé pour l'obtention des verrous", TimeLimit),
            ("cancelando la sentencia debido a que se agotó el tiempo de espera de candados (locks)", TimeLimit),
            ("annullamento dell'istruzione a causa di timeout di lock", TimeLimit),
            ("ロックのタイムアウトのためステートメントをキャンセルしています", TimeLimit),
            ("ステートメントのタイムアウトのためステートメントをキャンセルしています", TimeLimit),
            ("명령실행시간 초과로 작업을 취소합니다.", TimeLimit),
            ("잠금 대기 시간 초과로 작업을 취소합니다.", TimeLimit),
            ("выполнение оператора отменено из-за тайм-аута блокировки", TimeLimit),
            ("avbryter sats på grund av lås-timeout", TimeLimit),
            ("виконання оператора скасовано через тайм-аут", TimeLimit),
            ("由于语句执行超时，正在取消查询命令", TimeLimit),
            ("由于锁超时，取消语句操作", TimeLimit),
        ] {
            assert_eq!(meaning(message), Some(expected), "{message}");
        }
        for message in ["relation \"numbers\" does not exist", "Division durch Null", "erreur de syntaxe"] {
            assert_eq!(meaning(message), None, "{message}");
        }
    }
}
