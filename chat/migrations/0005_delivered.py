"""How far messages reached somebody's devices. No news for sync: it moves too often, and the others are told live."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chat", "0004_fewer_indexes")]
    operations = [
        migrations.AddField(
            "Participant", "delivered_seq", models.BigIntegerField(default=0, editable=False)
        ),
    ]
