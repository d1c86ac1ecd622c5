# needs: compiler
"$EAIC" --version
"$EAIC" --help
for command in compile run bench verify inspect ops; do
  echo "=== $command"
  "$EAIC" $command --help
done
"$EAIC" help > /dev/null
"$EAIC" || echo "exit code $?"
