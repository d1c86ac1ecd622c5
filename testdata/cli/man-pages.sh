# needs: compiler
# The committed man pages are those that the tables make: `build/eaic man man` renews them.
"$EAIC" man .
for page in eaic*.1; do
  cmp "$page" "$TESTDATA/../man/$page"
done
ls
