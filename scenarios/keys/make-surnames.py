"""Makes us-surnames-1990.csv from `dist.all.last` of the 1990 US census.

    pip download --no-deps --no-binary :all: names==0.3.0 && tar xf names-0.3.0.tar.gz
    python3 make-surnames.py names-0.3.0/names/dist.all.last > us-surnames-1990.csv

A line of the source holds name, frequency in percent with three decimals, cumulative frequency and
rank. The count of a key is the frequency in bearers per 100,000 people; names with fewer than one
(0.000 % in the source) are left out.
"""

import sys

print("key,count")
for line in open(sys.argv[1], encoding="ascii"):
    name, percent, _, _ = line.split()
    bearers = round(float(percent) * 1_000)
    if bearers > 0:
        print(f"{name.capitalize()},{bearers}")
