"""Makes checkout.csv.gz: four minutes of orders that a shop wrote around a voucher.

    python3 make-checkout.py | gzip -9n > checkout.csv.gz

Synthetic, from a fixed seed, with what a real capture has and a rate does not: orders come in
clusters of a few milliseconds because a gateway forwards them in batches; after 90 s a voucher triples
the load for a minute; and one partner, `partner-17`, checks out in bulk, 900 records in
a second, three times.
"""

import random

random.seed(20260328)
rows = []
clock = 0.0
while clock < 240:
    voucher = 3.0 if 90 <= clock < 150 else 1.0
    clock += random.expovariate(8 * voucher)
    for _ in range(random.randint(1, 12)):
        shop = int(random.paretovariate(0.9))
        key = f"shop-{shop % 400}"
        rows.append((clock + random.random() * 0.004, key, int(random.lognormvariate(6.2, 0.5))))
for bulk in (30, 120, 200):
    for record in range(900):
        rows.append((bulk + record / 900, "partner-17", 850))
rows.sort()
print("time,key,size")
for time, key, size in rows:
    print(f"{1774688400 + time:.3f},{key},{size}")
