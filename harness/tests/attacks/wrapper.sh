#!/bin/sh
# Stands before pgbackrest on the path of a drill, and spoils what it does: the file `attack`
# beside it is sourced when the command `on` is run, `when` before or after the real one.
here=$(dirname "$(readlink -f "$0")")
real=/usr/bin/pgbackrest
verb=
conf=
for word in "$@"; do
  case "$word" in
    --config=*) conf=${word#--config=} ;;
    --*) ;;
    archive-push | archive-get | backup | restore | info | check | stanza-create | version)
      [ -n "$verb" ] || verb=$word ;;
  esac
done
if [ -n "$conf" ]; then
  data=$(sed -n 's/^pg1-path=//p' "$conf")
  repo=$(sed -n 's/^repo1-path=//p' "$conf")
  socket=$(sed -n 's/^pg1-socket-path=//p' "$conf")
fi
sql() { "$here/psql" -X -q -v ON_ERROR_STOP=1 -h "$socket" -p 5432 -U postgres -d "$1" -c "$2"; }
single() { "$here/postgres" --single -j -D "$data" "$@"; }
hold() { [ -e "$1" ] || exit 99; }
spoil() {
  set -e
  . "$here/attack" >>"$here/said" 2>&1
  : >"$here/done"
  set +e
}
[ "$verb" = "$(cat "$here/on")" ] && when=$(cat "$here/when") || when=never
case "$when" in
  instead) spoil "$@"; exit 0 ;;
  before) spoil "$@"; exec "$real" "$@" ;;
  after) "$real" "$@"; code=$?; [ $code -eq 0 ] && spoil "$@"; exit $code ;;
  *) exec "$real" "$@" ;;
esac
