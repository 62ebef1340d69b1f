"""A command: counts the words of a text, whose length is its argument."""

import sys
from collections import Counter

text = " ".join(f"word{number % 977}" for number in range(int(sys.argv[1])))
print(Counter(text.split()).most_common(3))
