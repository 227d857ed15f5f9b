"""Codes P0400-P04FF: exhaust recirculation, secondary air, catalyst, fuel vapour, exhaust. See `compose`."""

TABLE = """
0400 = Exhaust gas recirculation A: flow fault; Exhaust gas recirculation A: flow insufficient; Exhaust gas recirculation A: flow excessive
0403 OP exhaust gas recirculation A control
0405 LH exhaust gas recirculation sensor {A-B}
0409 F exhaust gas recirculation sensor A
040A FPLHI exhaust gas recirculation temperature sensor A
040F = Exhaust gas recirculation temperature sensors A and B do not agree
0410 = Secondary air injection A: system fault; Secondary air injection A: incorrect flow
0412 Foc secondary air injection switching valve {A-B}
0418 F secondary air injection control {A-B}
041A FPLHI exhaust gas recirculation temperature sensor B
041F L secondary air injection switching valve A
0420 = Catalyst: efficiency below its threshold, bank 1; Catalyst 1: efficiency below its threshold, bank 1; Catalyst 2: efficiency below its threshold, bank 1; Heated catalyst: efficiency below its threshold, bank 1; Heated catalyst: temperature below its threshold, bank 1
0425 FPLH catalyst temperature sensor, bank 1 sensor 1
0429 O catalyst heater, bank 1
042A FPLH catalyst temperature sensor, bank 1 sensor 2
042E UC exhaust gas recirculation A control
0430 = Catalyst: efficiency below its threshold, bank 2; Catalyst 1: efficiency below its threshold, bank 2; Catalyst 2: efficiency below its threshold, bank 2; Heated catalyst: efficiency below its threshold, bank 2; Heated catalyst: temperature below its threshold, bank 2
0435 FPLH catalyst temperature sensor, bank 2 sensor 1
0439 O catalyst heater, bank 2
043A FPLH catalyst temperature sensor, bank 2 sensor 2
043E = Fuel vapour system: leak detection orifice, low flow; Fuel vapour system: leak detection orifice, high flow
0440 = Fuel vapour system: fault; Fuel vapour system: incorrect purge flow; Fuel vapour system: small leak
0443 Foc fuel vapour purge control valve A
0446 Foc fuel vapour vent control
0449 O fuel vapour vent valve
044A FPLHI exhaust gas recirculation sensor C
044F H secondary air injection switching valve A
0450 FPLHI fuel vapour pressure sensor A
0455 = Fuel vapour system: large leak; Fuel vapour system: very small leak; Fuel vapour system: leak, fuel cap loose or missing
0458 LH fuel vapour purge control valve A
045A FPLHUC exhaust gas recirculation B control
0460 FPLHI fuel level sensor A
0465 FPLHI fuel vapour purge flow sensor
046A = Catalyst temperature sensors 1 and 2 do not agree, bank {1-2}
046C PI exhaust gas recirculation sensor {A-B}
0470 FPLHI exhaust pressure sensor A
0475 FPLHI exhaust pressure control valve A
047A FPLHI exhaust pressure sensor B
047F U exhaust pressure control valve A
0480 F cooling fan {1-3} control
0483 = Cooling fan: implausible behaviour; Cooling fan: circuit current high; Cooling fan: power or ground circuit fault
0486 F exhaust gas recirculation sensor B
0487 OP exhaust gas recirculation throttle control A
0489 L exhaust gas recirculation A control
048A C exhaust pressure control valve A
048B FPLHI exhaust pressure control valve A position sensor
0490 H exhaust gas recirculation A control
0491 = Secondary air injection: insufficient flow, bank {1-2}
0493 = Cooling fan: overspeed; Cooling fan 1: underspeed; Cooling fan 1: overspeed; Fuel vapour system: purge flow high; Fuel vapour system: purge flow low
0498 LH fuel vapour vent valve
049A = Exhaust gas recirculation B: flow fault; Exhaust gas recirculation B: flow insufficient; Exhaust gas recirculation B: flow excessive
049D Z exhaust gas recirculation {A-B} control position
049F FPLHIUC exhaust pressure control valve B
04A6 FPLHI exhaust pressure control valve B position sensor
04AB OLHUC fuel vapour purge control valve B
04B0 OLHUC refuelling vapour control valve
04B5 UC fuel fill door
04B7 IFLH fuel fill door position sensor
04BB OPLH fuel fill door lock control
04BF OPLH fuel fill door unlock control
04C3 FPLHI fuel fill door lock position sensor
04C8 FKLHIT fuel fill door open request sensor
04CE FPLHI exhaust gas recirculation temperature sensor C
04D3 FPLHI exhaust brake input
04D8 = Exhaust gas recirculation takes too long to enter closed-loop control; Closed-loop exhaust gas recirculation at its limit: flow too low; Closed-loop exhaust gas recirculation at its limit: flow too high; Crankcase ventilation: hose disconnected
04DC P fuel fill door position sensor
04DD = Cold start: exhaust gas recirculation A flow insufficient; Cold start: exhaust gas recirculation A flow excessive
04DF UC fuel vapour purge control valve A
04E1 FLHI crankcase ventilation hose connection sensor
04E5 FPLHI exhaust gas recirculation temperature sensor D
04EA = Fuel vapour system: small leak on the tank side; Fuel vapour system: small leak on the fresh air side; Fuel vapour system: large leak on the tank side; Fuel vapour system: large leak on the fresh air side; Fuel vapour system: very small leak on the tank side; Fuel vapour system: very small leak on the fresh air side
04F0 = Fuel vapour system: high load purge line A performs poorly; Fuel vapour system: purge line performs poorly
04F2 = Catalyst heater: supply voltage fault, bank {1-2}
04F4 L catalyst heater, bank {1-2}
04F6 H catalyst heater, bank {1-2}
04F8 I catalyst heater, bank {1-2}
04FA = Exhaust gas recirculation A control: temperature too high
04FB P crankcase ventilation hose connection sensor
04FC = Crankcase ventilation: poor performance; Exhaust gas recirculation actuator A: processor performs poorly
04FE G catalyst heater, bank {1-2}
"""
