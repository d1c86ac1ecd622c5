# needs: compiler
"$EAIC" --version
"$EAIC" --help
for command in compile run bench verify inspect ops; do
  echo "=== $command"
  "$EAIC" $command --help
done
"$EAIC" help > general.txt
"$EAIC" --help | cmp - general.txt
"$EAIC" help compile > compile.txt
"$EAIC" compile --help | cmp - compile.txt
"$EAIC" || echo "exit code $?"
